import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { sequenceOrTime, wholeNumber } from '../arguments.js';
import { ConnectionLost, type ApiClient, type ApiRequest } from '../client.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { createReadPositions, EVENT_COLUMNS, type JournalEvent } from '../journal-event.js';

interface ListOptions {
  readonly device?: string;
  readonly types?: string;
  readonly credential?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

interface TailOptions {
  readonly device?: string;
  readonly types?: string;
  readonly after?: string;
  readonly limit?: number;
}

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 15_000;

/** `fleetlog events …`: the journal, and the streams of devices. */
export function addEventCommands(program: Command, contextOf: ContextFactory): void {
  const events = program.command('events').description('read and follow events');

  events
    .command('ls')
    .alias('list')
    .description('list events, the oldest first')
    .option('--device <id>', 'of this device, in the order of its stream')
    .option('--types <types>', 'event types with commas between them')
    .option('--credential <id>', 'accepted under this fingerprint, token or session')
    .option('--from <sequence|time>', 'with --device the first event; with --credential a time', sequenceOrTime)
    .option('--to <sequence|time>', 'with --device the last event; with --credential a time', sequenceOrTime)
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(async (options: ListOptions, command: Command) => {
      const { client, output } = await contextOf(command);
      await output.rows(list(client, options), EVENT_COLUMNS, 'No events. Leave out options to see more.');
    });

  events
    .command('tail')
    .description('follow events as they are recorded; goes on without a gap when the connection breaks')
    .option('--device <id>', 'of this device')
    .option('--types <types>', 'event types with commas between them')
    .option('--after <positions>', 'begin behind shard:position,… instead of at the newest event')
    .option('--limit <n>', 'end after so many', wholeNumber)
    .action(async (options: TailOptions, command: Command) => tail(await contextOf(command), options));
}

function list(client: ApiClient, options: ListOptions): AsyncIterable<JournalEvent> {
  const { device, types, credential, from, to, limit } = options;
  if (credential !== undefined) {
    const query = { device, types, credential, from: timeOf(from), to: timeOf(to), limit: String(limit) };
    return readLines(client, { method: 'GET', path: '/api/v1/events', query });
  }
  if (device !== undefined) {
    const path = `/api/v1/devices/${encodeURIComponent(device)}/events`;
    const query = { types, from, to };
    return client.items({ method: 'GET', path, query }, limit) as AsyncIterable<JournalEvent>;
  }
  if (from !== undefined || to !== undefined) {
    throw new CliFailure('--from and --to go with --device or --credential.', {
      exitCode: EXIT.usage,
      hint: '`npx fleetlog replay --all --from <time>` reads all devices.',
    });
  }
  return readLines(client, { method: 'GET', path: '/api/v1/events', query: { types, limit: String(limit) } });
}

function timeOf(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return text;
  throw new CliFailure('With --credential, --from and --to are times.', { exitCode: EXIT.usage });
}

/** Events of an answer in NDJSON. */
export async function* readLines(client: ApiClient, request: ApiRequest): AsyncIterable<JournalEvent> {
  const headers = { ...request.headers, Accept: 'application/x-ndjson' };
  for await (const line of client.lines({ ...request, headers })) yield JSON.parse(line) as JournalEvent;
}

async function tail(context: CommandContext, options: TailOptions): Promise<void> {
  const { client, output, terminal } = context;
  const { device, types, limit = Infinity } = options;
  const follow = { device, types, follow: 'true' };
  const request = (after: string): ApiRequest => ({
    method: 'GET',
    path: '/api/v1/events',
    query: { ...follow, after },
  });
  client.preview(request(options.after ?? 'head'));
  // Heads by number: resuming from the word `head` after a broken connection would leave out what came meanwhile.
  const read = createReadPositions(options.after ?? (await headsOf(client)));
  let left = limit;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      for await (const event of readLines(client, request(read.toString()))) {
        await output.row(event, EVENT_COLUMNS);
        read.read(event);
        pauseMs = FIRST_PAUSE_MS;
        left -= 1;
        if (left === 0) return;
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !terminal.signal.aborted) throw error;
    }
    if (terminal.signal.aborted) return;
    output.note(`connection lost; goes on behind ${read.toString()}`);
    await delay(pauseMs, undefined, { signal: terminal.signal }).catch(() => undefined);
    pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
  }
}

async function headsOf(client: ApiClient): Promise<string> {
  const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
  const { shards } = body as { readonly shards: readonly { readonly shard: number; readonly head: number }[] };
  return shards.map(({ shard, head }) => `${shard}:${head}`).join(',');
}
