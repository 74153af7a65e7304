import { randomUUID } from 'node:crypto';

import type { Append, AppendOutcome, EncodedEvent, Journal } from '../../../src/actors/kernel/ports/journal.js';
import { openDatabase, type DatabaseOptions } from '../../../src/persistence/database.js';
import {
  openJournal,
  type JournalOptions,
  type PostgresJournal,
} from '../../../src/persistence/journal/postgres-journal.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../support/fake-ports.js';
import type { TestDatabase } from '../../support/postgres.js';

export type TestJournal = PostgresJournal & { close(): Promise<void> };

/** A journal with a pool of its own, as one node has it. */
export async function openTestJournal(
  url: string,
  options: Partial<Omit<JournalOptions, 'database'>> = {},
  databaseOptions: Partial<DatabaseOptions> = {},
): Promise<TestJournal> {
  const log = createSilentLogger();
  const database = await openDatabase({ url, log, ...databaseOptions });
  const ports = { database, clock: realClock, log, meter: createMemoryMeter() };
  const journal = await openJournal({ ...ports, shards: 4, pollMs: 100, ...options }).catch(async (error: unknown) => {
    await database.stop();
    throw error;
  });
  return {
    ...journal,
    close: async () => {
      await journal.stop();
      await database.stop();
    },
  };
}

/** Events whose metadata is theirs alone, as the hash chain makes them. */
export function someEvents(
  count: number,
  payload: Buffer = Buffer.from('{"values":{"temperature":21.5}}'),
): EncodedEvent[] {
  return Array.from({ length: count }, () => ({
    type: 'TelemetryRecorded',
    schemaVersion: 1,
    occurredAt: 1_700_000_000_123,
    payload,
    metadata: Buffer.from(`{"principal":"device/d","hash":"${randomUUID()}"}`),
  }));
}

export function appendOf(journal: Journal, stream: string, firstSequence: number, count = 1): Append {
  return { stream, epoch: journal.epochOf(journal.shardOf(stream)), firstSequence, events: someEvents(count) };
}

/** The stream's last sequence, as an actor learns it on recovery; epoch first. */
export async function recover(
  journal: Journal,
  stream: string,
): Promise<{ readonly epoch: number; readonly sequence: number }> {
  const epoch = journal.epochOf(journal.shardOf(stream));
  let sequence = 0;
  for (;;) {
    const page = await journal.readStream(stream, sequence + 1, 1_000);
    if (page.length === 0) return { epoch, sequence };
    sequence = page.at(-1)?.sequence ?? sequence;
  }
}

/** One actor's work: appends `rounds` batches to the stream, recovering after each conflict or fence as an actor does. */
export async function appendRounds(
  journal: Journal,
  stream: string,
  rounds: number,
  batch: () => number,
  onOutcome: (outcome: AppendOutcome, append: Append) => void = () => undefined,
): Promise<void> {
  let known = await recover(journal, stream);
  for (let round = 0; round < rounds;) {
    const events = someEvents(batch());
    const append = { stream, epoch: known.epoch, firstSequence: known.sequence + 1, events };
    const outcome = await journal.append(append);
    onOutcome(outcome, append);
    if (outcome.kind === 'committed') {
      known = { epoch: known.epoch, sequence: known.sequence + events.length };
      round += 1;
    } else {
      known = await recover(journal, stream);
    }
  }
}

/** I2 on the tables: positions 1..head per shard, sequences 1..n per stream, each once, in the same order. */
export async function violations(database: TestDatabase): Promise<unknown[]> {
  return database.query(`
    select 'position' as what, shard::text as of, position as at from (
      select shard, position, row_number() over (partition by shard order by position) as rank from journal) p where position <> rank
    union all
    select 'head', s.shard::text, s.head from shard s where head <> (select count(*) from journal j where j.shard = s.shard)
    union all
    select 'sequence', stream, sequence from (
      select stream, sequence, row_number() over (partition by shard, stream order by position) as rank from journal) q where sequence <> rank
    limit 20`);
}
