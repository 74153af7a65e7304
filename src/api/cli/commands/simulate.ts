import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseFaults, type Faults } from '../../../edge/simulator/faults.js';
import { startSimulation, type SimulationStatistics } from '../../../edge/simulator/simulator.js';
import { rate, seedNumber, wholeNumber } from '../arguments.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { startProgress, type Work } from '../progress.js';

interface SimulateOptions {
  readonly devices?: number;
  readonly rate: number;
  readonly seed: number;
  readonly faults?: Faults;
  readonly recording?: 'weather';
  readonly once?: boolean;
  readonly mqtt?: string;
}

const NOTHING: SimulationStatistics = { connected: 0, sent: 0, acknowledged: 0, buffered: 0, dropped: 0 };

/** `fleetlog simulate`: devices over mutual TLS, with made-up values or a recording. */
export function addSimulateCommand(program: Command, contextOf: ContextFactory): void {
  program
    .command('simulate')
    .description('run devices that register, enrol and send over mutual TLS, until Ctrl-C')
    .option('--devices <n>', 'so many devices with made-up values', wholeNumber)
    .option('--rate <rate>', 'messages of each device, as in 1/s or 30/min', rate, 1)
    .option('--seed <n>', 'the same seed gives the same values and faults', seedNumber, 1)
    .option('--faults <shares>', 'as in drop=1%,dup=1%,reorder=1%', faults)
    .addOption(new Option('--recording <name>', 'the demo fleet with recorded values').choices(['weather']))
    .option('--once', 'with --recording: exactly one pass, then end')
    .option('--mqtt <url>', 'as in mqtts://host:8883')
    .action(async (options: SimulateOptions, command: Command) => {
      if ((options.devices === undefined) === (options.recording === undefined)) {
        throw new CliFailure('Either --devices <n> or --recording weather is wanted.', { exitCode: EXIT.usage });
      }
      if (options.once === true && options.recording === undefined) {
        throw new CliFailure('--once goes with --recording.', { exitCode: EXIT.usage });
      }
      const context = await contextOf(command);
      if (context.options.curl === true) {
        throw new CliFailure('simulate speaks MQTT: no curl command does the same.', { exitCode: EXIT.usage });
      }
      await simulate(context, options);
    });
}

async function simulate(context: CommandContext, options: SimulateOptions): Promise<void> {
  const { settings, output, terminal } = context;
  if (settings.token === undefined) {
    throw new CliFailure('A token is wanted: devices are registered with it.', {
      exitCode: EXIT.notAuthorized,
      hint: 'Set FLEETLOG_TOKEN to the token of an admin.',
    });
  }
  const { devices = 0, recording, once = false, seed } = options;
  let current = NOTHING;
  const progress = startProgress(terminal, context.options.quiet === true, () => workOf(current, once));
  try {
    const simulation = await startSimulation({
      url: settings.url,
      token: settings.token,
      mqttUrl: options.mqtt ?? settings.mqttUrl ?? (await mqttUrlOf(context)),
      dataDir: settings.dataDir,
      recording: recording ?? { devices, ratePerSecond: options.rate },
      once,
      seed,
      ...(options.faults && { faults: options.faults }),
      onProgress: (statistics) => (current = statistics),
      signal: terminal.signal,
    });
    await Promise.race([simulation.finished, aborted(terminal.signal)]);
    const { connected } = simulation.stats();
    await simulation.stop();
    current = { ...simulation.stats(), connected };
  } catch (error) {
    if (terminal.signal.aborted) return;
    throw error instanceof CliFailure ? error : new CliFailure((error as Error).message);
  } finally {
    progress.stop();
  }
  await output.record(
    current,
    Object.entries(current).map(([name, value]) => [name, String(value)] as const),
  );
  if (once && current.buffered > 0) throw new CliFailure('Interrupted.', { hint: 'Run it again: it begins anew.' });
}

/** One pass of a recording waits in the buffers from the beginning: what is acknowledged and what waits is all of it. */
function workOf({ connected, acknowledged, buffered, dropped }: SimulationStatistics, isOnePass: boolean): Work {
  const lost = dropped > 0 ? `, ${dropped} given up` : '';
  return {
    done: acknowledged,
    unit: 'records',
    ...(isOnePass && { total: acknowledged + buffered + dropped }),
    detail: `${connected} connected, ${buffered} waiting${lost}`,
  };
}

/** Where the server listens for devices: beside its REST, at the port that it tells. */
async function mqttUrlOf({ client, settings }: CommandContext): Promise<string> {
  const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
  const { mqttsPort } = (body as { readonly mqtt: { readonly mqttsPort: number | null } }).mqtt;
  if (mqttsPort !== null) return `mqtts://${new URL(settings.url).hostname}:${mqttsPort}`;
  throw new CliFailure('The server takes no MQTT over mutual TLS.', { hint: 'Set its MQTTS_PORT, or give --mqtt.' });
}

function faults(text: string): Faults {
  try {
    return parseFaults(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
