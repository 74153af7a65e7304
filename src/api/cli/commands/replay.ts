import { Option, type Command } from 'commander';
import { positions, sequenceOrTime } from '../arguments.js';
import { Interrupted, type ApiRequest } from '../client.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { createReadPositions, parsePositions, type JournalEvent, type ReadPositions } from '../journal-event.js';
import { startProgress } from '../progress.js';
import { toFile, toOutput, type ReplayFormat, type ReplayTarget } from '../replay-target.js';
import type { SystemStatus } from '../system-state.js';

interface ReplayOptions {
  readonly device?: string;
  readonly all?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly after?: string;
  readonly format: ReplayFormat;
  readonly out?: string;
  readonly resume?: boolean;
}

/** How far a replay has come. */
interface Reached {
  readonly read: ReadPositions;
  /** Of the last event. */
  sequence: number;
  written: number;
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
    .option('--after <positions>', 'with --all: go on behind shard:position,…', positions)
    .option('--out <file>', 'a new file in place of standard output')
    .option('--resume', 'go on with the file of --out behind its last event')
    .addOption(new Option('--format <format>', 'of what is written').choices(['ndjson', 'csv']).default('ndjson'))
    .action(async (options: ReplayOptions, command: Command) => {
      refuseMisuse(options);
      await replay(await contextOf(command), options);
    });
}

function refuseMisuse({ device, all, from, to, after, out, resume }: ReplayOptions): void {
  const usage = (message: string): CliFailure => new CliFailure(message, { exitCode: EXIT.usage });
  if ((device === undefined) === (all !== true)) throw usage('Either --device <id> or --all is wanted.');
  if (device !== undefined && after !== undefined) throw usage('--after goes with --all; use --from <sequence>.');
  if (resume === true && out === undefined) throw usage('--resume goes with --out <file>.');
  if (resume === true && after !== undefined) throw usage('--resume knows the place; leave out --after.');
  if (all === true && [from, to].some((bound) => /^\d+$/.test(bound ?? ''))) {
    throw usage('A sequence belongs to one device: with --all, --from and --to are times.');
  }
}

async function replay(context: CommandContext, options: ReplayOptions): Promise<void> {
  const { client, output, terminal } = context;
  const { device, out, format, after, resume = false } = options;
  const reached: Reached = { read: createReadPositions(after), sequence: 0, written: 0 };
  const note = (event: Pick<JournalEvent, 'shard' | 'position' | 'sequence'>): void => {
    reached.read.read(event);
    reached.sequence = event.sequence;
  };
  client.preview(requestOf(options, reached));
  const target = out === undefined ? toOutput(output, format) : await toFile(out, format, resume, note);
  const total = device === undefined ? await eventsAhead(context, options, reached.read) : undefined;
  const progress = startProgress(terminal, context.options.quiet === true, () => ({
    done: reached.written,
    total,
    unit: 'events',
  }));
  try {
    await copy(context, options, reached, target, note);
  } catch (error) {
    if (!terminal.signal.aborted) {
      const hint = resumeHint(options, reached);
      if (hint !== undefined) output.note(hint);
      throw error;
    }
  } finally {
    await target.close();
    progress.stop();
  }
  if (terminal.signal.aborted) throw new Interrupted(resumeHint(options, reached));
}

async function copy(
  { client, terminal }: CommandContext,
  options: ReplayOptions,
  reached: Reached,
  target: ReplayTarget,
  note: (event: JournalEvent) => void,
): Promise<void> {
  const request = requestOf(options, reached);
  const texts = options.device === undefined ? client.lines(request) : client.itemTexts(request);
  for await (const text of texts) {
    if (terminal.signal.aborted) return;
    const event = JSON.parse(text) as JournalEvent;
    await target.write(text, event);
    note(event);
    reached.written += 1;
  }
}

function requestOf({ device, from, to }: ReplayOptions, { read, sequence }: Reached): ApiRequest {
  if (device === undefined) {
    const after = read.toString();
    const query = { from, to, after: after === '' ? undefined : after };
    return { method: 'GET', path: '/api/v1/events', query, headers: { Accept: 'application/x-ndjson' } };
  }
  const path = `/api/v1/devices/${encodeURIComponent(device)}/events`;
  const begin = sequence === 0 ? from : String(sequence + 1);
  return { method: 'GET', path, query: { from: begin, to, limit: LARGEST_EVENT_PAGE } };
}

/** Events up to the heads; unknown where a time selects among them. */
async function eventsAhead(
  { client }: CommandContext,
  { from, to }: ReplayOptions,
  read: ReadPositions,
): Promise<number | undefined> {
  if (from !== undefined || to !== undefined) return undefined;
  const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
  const places = new Map(parsePositions(read.toString()));
  return (body as SystemStatus).shards.reduce((sum, { shard, head }) => sum + head - (places.get(shard) ?? 0), 0);
}

function resumeHint({ device, out }: ReplayOptions, { read, sequence }: Reached): string | undefined {
  if (out !== undefined) return 'To go on where this ended, run it again with --resume.';
  if (sequence === 0) return undefined;
  return `To go on where this ended, add ${device === undefined ? `--after ${read.toString()}` : `--from ${sequence + 1}`}`;
}
