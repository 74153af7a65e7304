import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { FIELDS, positions, sequenceOrTime, since, wholeNumber } from '../arguments.js';
import { ConnectionLost, type ApiClient, type ApiRequest } from '../client.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { createReadPositions, EVENT_TABLE, type JournalEvent, type ReadPositions } from '../journal-event.js';
import { tableOf } from '../table.js';
import { addVerifyCommand } from './events-verify.js';

/** Which events; both to list and to follow. */
interface SelectOptions {
  readonly device?: string;
  readonly type?: string;
  readonly principal?: string;
  readonly correlation?: string;
  readonly causation?: string;
  readonly filter?: string;
}

interface ListOptions extends SelectOptions {
  readonly credential?: string;
  readonly since?: string;
  readonly from?: string;
  readonly to?: string;
  readonly fields?: string;
  readonly limit: number;
}

interface TailOptions extends SelectOptions {
  readonly since?: string;
  readonly after?: string;
  readonly limit?: number;
}

const EVENTS = '/api/v1/events';
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 15_000;

/** `fleetlog events …`: the journal, and the streams of devices. */
export function addEventCommands(program: Command, contextOf: ContextFactory): void {
  const events = program.command('events').description('read, follow and verify events');

  selecting(events.command('ls'))
    .alias('list')
    .description('list events, the oldest first')
    .option('--credential <id>', 'accepted under this fingerprint, token or session')
    .option('--since <duration|time>', 'recorded since, as in 10m or 2026-01-31T12:00:00Z', since)
    .option('--from <sequence|time>', 'first event; a sequence goes with --device alone', sequenceOrTime)
    .option('--to <sequence|time>', 'last event; a sequence goes with --device alone', sequenceOrTime)
    .option(...FIELDS)
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(async (options: ListOptions, command: Command) => {
      const { client, output } = await contextOf(command);
      await output.rows(
        list(client, options),
        tableOf(EVENT_TABLE, options.fields),
        'No events. Leave out options to see more.',
      );
    });

  selecting(events.command('tail'))
    .description('follow events as they are recorded; goes on without a gap when the connection breaks')
    .option('--since <duration|time>', 'begin with what was recorded since, as in 10m', since)
    .option('--after <positions>', 'begin behind shard:position,… instead of at the newest event', positions)
    .option('--limit <n>', 'end after so many', wholeNumber)
    .action(async (options: TailOptions, command: Command) => tail(await contextOf(command), options));

  addVerifyCommand(events, contextOf);
}

function selecting(command: Command): Command {
  return command
    .option('--device <id>', 'of this device')
    .option('--type <types>', 'event types with commas between them')
    .option('--principal <name>', 'caused by this one, as in user/ann or device/pump-7')
    .option('--correlation <id>', 'that belong to this, as correlationId of the metadata')
    .option('--causation <stream:sequence>', 'effects of this event, as in device/default/pump-7:12')
    .option('--filter <condition>', `in CEL, as in 'event.payload.values.temperature > 30.0'`);
}

function list(client: ApiClient, options: ListOptions): AsyncIterable<JournalEvent> {
  const { credential, since: begin, from = begin, to, fields, limit } = options;
  const { device, types, ...others } = selectionOf(options);
  const bySequence = [from, to].some((bound) => /^\d+$/.test(bound ?? ''));
  const onlyOfStream =
    device !== undefined && [credential, ...Object.values(others)].every((option) => option === undefined);
  if (bySequence && !onlyOfStream) {
    throw new CliFailure('A sequence belongs to one device: with --device alone.', {
      exitCode: EXIT.usage,
      hint: 'Else --from and --to are times.',
    });
  }
  if (onlyOfStream) {
    const path = `/api/v1/devices/${encodeURIComponent(device)}/events`;
    return client.items(
      { method: 'GET', path, query: { types, from, to, fields } },
      limit,
    ) as AsyncIterable<JournalEvent>;
  }
  const query = { device, types, credential, ...others, from, to, fields, limit: String(limit) };
  return readLines(client, { method: 'GET', path: EVENTS, query });
}

/** The options as parameters of `/events`. */
function selectionOf(options: SelectOptions): Readonly<Record<string, string | undefined>> {
  const { device, type: types, principal, correlation: correlationId, causation: causationId, filter } = options;
  return { device, types, principal, correlationId, causationId, filter };
}

/** Events of an answer in NDJSON. */
async function* readLines(client: ApiClient, request: ApiRequest): AsyncIterable<JournalEvent> {
  const headers = { ...request.headers, Accept: 'application/x-ndjson' };
  for await (const line of client.lines({ ...request, headers })) yield JSON.parse(line) as JournalEvent;
}

/**
 * First what was recorded since a time, then what is recorded: two requests, so that the server looks for the time once. Heads
 * are known by number before either: resuming from the word `head` would leave out what came meanwhile.
 */
async function tail(context: CommandContext, options: TailOptions): Promise<void> {
  const { client } = context;
  const { since: begin, after, limit = Infinity } = options;
  client.preview(requestOf(options, after ?? 'head', begin));
  const left = { events: limit };
  if (begin === undefined) {
    await follow(context, options, createReadPositions(after ?? (await headsOf(client))), left);
    return;
  }
  const read = createReadPositions(after);
  const heads = await headsOf(client);
  const isEnded = await follow(context, options, read, left, begin);
  read.advance(heads);
  if (!isEnded) await follow(context, options, read, left);
}

/** @returns whether nothing is to be read any more: the limit is reached, or somebody has ended it */
async function follow(
  { client, output, terminal }: CommandContext,
  options: TailOptions,
  read: ReadPositions,
  left: { events: number },
  begin?: string,
): Promise<boolean> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      for await (const event of readLines(client, requestOf(options, read.toString(), begin))) {
        await output.row(event, EVENT_TABLE);
        read.read(event);
        pauseMs = FIRST_PAUSE_MS;
        left.events -= 1;
        if (left.events === 0) return true;
      }
      if (begin !== undefined) return terminal.signal.aborted;
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !terminal.signal.aborted) throw error;
    }
    if (terminal.signal.aborted) return true;
    output.note(`connection lost; goes on behind ${read.toString() || 'the beginning'}`);
    await delay(pauseMs, undefined, { signal: terminal.signal }).catch(() => undefined);
    pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
  }
}

function requestOf(options: TailOptions, after: string, begin?: string): ApiRequest {
  const span = begin === undefined ? { follow: 'true' } : { from: begin };
  return {
    method: 'GET',
    path: EVENTS,
    query: { ...selectionOf(options), ...span, after: after === '' ? undefined : after },
  };
}

/** `shard:position,…` of the newest events. */
async function headsOf(client: ApiClient): Promise<string> {
  const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
  const { shards } = body as { readonly shards: readonly { readonly shard: number; readonly head: number }[] };
  return shards.map(({ shard, head }) => `${shard}:${head}`).join(',');
}
