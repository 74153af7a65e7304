import { Option, type Command } from 'commander';
import { sequenceOrTime } from '../arguments.js';
import type { ApiClient } from '../client.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { createReadPositions, type JournalEvent } from '../journal-event.js';
import { startProgress } from '../progress.js';
import { readLines } from './events.js';

interface ReplayOptions {
  readonly device?: string;
  readonly all?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly after?: string;
}

const LARGEST_EVENT_PAGE = '1000';

/** `fleetlog replay`: recorded events once more, each once and in order, up to the heads at the start. */
export function addReplayCommand(program: Command, contextOf: ContextFactory): void {
  program
    .command('replay')
    .description('write recorded events, each once and in order, up to now')
    .option('--device <id>', 'the stream of one device')
    .option('--all', 'the whole journal, shard by shard')
    .option('--from <sequence|time>', 'first event; with --all a time', sequenceOrTime)
    .option('--to <sequence|time>', 'last event; with --all a time', sequenceOrTime)
    .option('--after <positions>', 'with --all: go on behind shard:position,…')
    .addOption(new Option('--format <format>', 'of what is written').choices(['ndjson']).default('ndjson'))
    .action(async (options: ReplayOptions, command: Command) => {
      refuseMisuse(options);
      await replay(await contextOf(command), options);
    });
}

function refuseMisuse({ device, all, from, to, after }: ReplayOptions): void {
  const usage = (message: string): CliFailure => new CliFailure(message, { exitCode: EXIT.usage });
  if ((device === undefined) === (all !== true)) throw usage('Either --device <id> or --all is wanted.');
  if (device !== undefined && after !== undefined) throw usage('--after goes with --all; use --from <sequence>.');
  if (all === true && [from, to].some((bound) => /^\d+$/.test(bound ?? ''))) {
    throw usage('A sequence belongs to one device: with --all, --from and --to are times.');
  }
}

async function replay(context: CommandContext, options: ReplayOptions): Promise<void> {
  const { client, output, terminal } = context;
  const read = createReadPositions(options.after);
  let written = 0;
  let last: JournalEvent | undefined;
  const progress = startProgress(
    terminal,
    context.options.quiet === true || context.options.curl === true,
    () => `${written} events`,
  );
  try {
    for await (const event of eventsOf(client, options)) {
      if (terminal.signal.aborted) break;
      last = event;
      read.read(event);
      if (!isWithin(event, options)) continue;
      await output.json(JSON.stringify(event));
      written += 1;
    }
  } catch (error) {
    if (!terminal.signal.aborted) {
      if (last !== undefined) output.note(resumeHint(options, read.toString(), last));
      throw error;
    }
  } finally {
    progress.stop();
  }
  if (!terminal.signal.aborted) return;
  throw new CliFailure('Interrupted.', { hint: last && resumeHint(options, read.toString(), last) });
}

function eventsOf(client: ApiClient, { device, from, to, after }: ReplayOptions): AsyncIterable<JournalEvent> {
  if (device === undefined) return readLines(client, { method: 'GET', path: '/api/v1/events', query: { after } });
  const path = `/api/v1/devices/${encodeURIComponent(device)}/events`;
  const query = { from, to, limit: LARGEST_EVENT_PAGE };
  return client.items({ method: 'GET', path, query }) as AsyncIterable<JournalEvent>;
}

/** The journal is in the order of positions, and times of different shards are not: so all of it is looked through. */
function isWithin({ recordedAt }: JournalEvent, { device, from, to }: ReplayOptions): boolean {
  if (device !== undefined) return true;
  const recorded = Date.parse(recordedAt);
  return (from === undefined || recorded >= Date.parse(from)) && (to === undefined || recorded <= Date.parse(to));
}

function resumeHint({ device }: ReplayOptions, positions: string, last: JournalEvent): string {
  const way = device === undefined ? `--after ${positions}` : `--from ${last.sequence + 1}`;
  return `To go on where this ended, add ${way}`;
}
