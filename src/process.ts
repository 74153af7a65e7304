import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { FleetlogError, StartRefused } from './actors/kernel/errors.js';
import type { NodeName } from './actors/kernel/ports/nodes.js';
import type { Logger } from './actors/kernel/ports/surroundings.js';
import { createRunningParts, type RunningParts } from './actors/kernel/running-parts.js';
import type { FirstAdmin } from './api/access/first-admin.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { createLogger, createMeter } from './observability.js';

/** Told to the process that started this one (`tools/`, tests) when everything is up. */
export interface ReadyMessage {
  readonly type: 'ready';
  /** Base of REST, without `/api/v1`. */
  readonly url: string;
  /** `mqtts://host:port`, `null` when that listener is off. */
  readonly mqtt: string | null;
  readonly mqttsPort: number | null;
  readonly plainPort: number | null;
  /** SHA-256 of the authority's certificate, hex. */
  readonly caFingerprint: string;
  readonly dataDir: string;
  /** The first admin's token: over this line only, and in `tokenFile`. */
  readonly token: string;
  readonly tokenFile: string;
  /** Who signs in to the dashboard; a generated password is told over this line only. */
  readonly admin: FirstAdmin;
  /** `host:port,…` of the Kafka that the relay writes to. */
  readonly kafka: string | null;
  readonly eventsTopic: string;
  readonly pids: { readonly postgres: number | null; readonly kafka: number | null };
}

const STOP_MS = 9_000;

/** What every part is given. */
export interface Surroundings {
  readonly config: Config;
  /** Absolute. */
  readonly dataDir: string;
  readonly node: NodeName;
  readonly logger: Logger;
  readonly meter: ReturnType<typeof createMeter>;
  readonly running: RunningParts;
  /** Aborted when the process is told to stop while it starts. */
  readonly stopping: AbortSignal;
}

/**
 * Runs the server: configuration, logger and signals; the start, and one sentence when it fails; the stop, whoever asks for it.
 * @param start starts every part and adds it to `running`
 */
export async function runProcess(start: (surroundings: Surroundings) => Promise<ReadyMessage>): Promise<void> {
  const running = createRunningParts();
  let config: Config | undefined;
  let logger = createLogger({ level: 'info', format: 'json' });
  const stopping = new AbortController();
  const stop = createStop(running, () => logger, stopping);
  try {
    config = loadConfig(process.env);
    const meter = createMeter();
    logger = createLogger(config.log, meter);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
    process.on('disconnect', () => void stop(0)); // whoever started this process is gone
    for (const name of config.unread) logger.warn({ name }, 'this version does not read that variable');
    const dataDir = resolve(config.dataDir);
    const node = { id: config.nodeId, life: randomUUID() };
    const ready = await start({ config, dataDir, node, logger, meter, running, stopping: stopping.signal });
    logger.info({ url: ready.url, mqtt: ready.mqtt, kafka: ready.kafka }, 'Fleetlog is ready');
    tell(ready);
  } catch (error) {
    if (stopping.signal.aborted) await stop(0); // whatever a start that is stopped half-way runs into
    const sentence = sentenceOf(error, config);
    if (sentence === undefined) logger.error({ err: error }, 'the start failed');
    else if (!process.connected) process.stderr.write(`${sentence}\n`);
    tell({ type: 'failed', sentence: sentence ?? `The start failed: ${(error as Error).message}` });
    await stop(1);
  }
}

/** Stops all parts, once, however often it is asked. */
function createStop(
  running: RunningParts,
  loggerNow: () => Logger,
  begun: AbortController,
): (code: number) => Promise<never> {
  let stopping: Promise<never> | undefined;
  return (code) => {
    stopping ??= (async () => {
      const logger = loggerNow();
      begun.abort();
      const late = setTimeout(() => {
        logger.error({ left: running.left }, 'the stop took too long');
        process.exit(1);
      }, STOP_MS);
      await running.stopAll(logger);
      clearTimeout(late);
      process.exit(code);
    })();
    return stopping;
  };
}

/** One sentence for what a person can mend; `undefined` for a fault of ours. */
function sentenceOf(error: unknown, config: Config | undefined): string | undefined {
  if (error instanceof ConfigError || error instanceof StartRefused || error instanceof FleetlogError)
    return error.message;
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'ENOSPC') return 'The disk is full: free some space and start again.';
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return undefined;
  const name = Object.entries({
    HTTP_PORT: config?.http.port,
    MQTTS_PORT: config?.mqtt.mqtts,
    MQTT_PORT: config?.mqtt.mqtt,
    MQTT_WSS_PORT: config?.mqtt.wss,
  }).find(([, value]) => value === port)?.[0];
  const problem = code === 'EADDRINUSE' ? 'is taken' : 'may not be used';
  return `Port ${port ?? ''} ${problem}: set ${name ?? 'another port'} to another one, or end the program that uses it.`;
}

/** Tells the process that started this one how the start goes on. */
export function step(state: 'begin' | 'end' | 'off', text: string): void {
  tell({ type: 'step', state, text });
}

function tell(message: object): void {
  if (process.connected) process.send?.(message);
}
