import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { seededRandom } from '../../support/seeded-random.js';
import {
  appendOf,
  appendRounds,
  openTestJournal,
  recover,
  someEvents,
  violations,
  type TestJournal,
} from './open-test-journal.js';
import { until } from './until.js';

describe('journal', () => {
  let database: TestDatabase;
  const opened: TestJournal[] = [];
  const open = async (...[options]: [Parameters<typeof openTestJournal>[1]?]) => {
    const journal = await openTestJournal(database.url, options);
    opened.push(journal);
    return journal;
  };
  let count = 0;
  const freshStream = () => `device/default/fresh-${(count += 1)}`;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((journal) => journal.close()));
  });
  afterAll(() => database.drop());

  test('gives events back byte for byte, with their times to the millisecond', async () => {
    const journal = await open();
    const stream = freshStream();
    const times = [
      0,
      1,
      -1,
      1_700_000_000_123,
      Date.UTC(2300, 0, 1, 0, 0, 0, 7),
      Date.UTC(9999, 11, 31, 23, 59, 59, 999),
    ];
    const events = times.map((occurredAt, index) => ({
      ...{ type: 'TelemetryRecorded', schemaVersion: index + 1, occurredAt },
      ...{ payload: Buffer.from(`{"größe":${index},"zero":"\\u0000"}`), metadata: Buffer.from(`{"hash":"${index}"}`) },
    }));
    const outcome = await journal.append({
      stream,
      epoch: journal.epochOf(journal.shardOf(stream)),
      firstSequence: 1,
      events,
    });
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    const fromRing = await journal.readShard(outcome.shard, outcome.firstPosition - 1, 100);
    const fromPostgres = await journal.readStream(stream, 1, 100);
    expect(fromPostgres).toEqual(fromRing);
    expect(
      fromPostgres.map(({ occurredAt, payload, metadata, schemaVersion, type }) => ({
        type,
        schemaVersion,
        occurredAt,
        payload,
        metadata,
      })),
    ).toEqual(events);
    expect(fromPostgres.map(({ recordedAt }) => recordedAt)).toEqual(times.map(() => outcome.recordedAt));
  });

  test('finds when the newest event of some type came, from the end of its stream', async () => {
    const journal = await open();
    const stream = freshStream();
    await journal.append(appendOf(journal, stream, 1, 2));
    const epoch = journal.epochOf(journal.shardOf(stream));
    const [other] = someEvents(1);
    await journal.append({ stream, epoch, firstSequence: 3, events: [{ ...other!, type: 'DeviceDisconnected' }] });
    const [, second] = await journal.readStream(stream, 1, 2);
    expect(await journal.lastRecordedAt(stream, ['TelemetryRecorded', 'MessageRejected'])).toBe(second!.recordedAt);
    expect(await journal.lastRecordedAt(stream, ['MessageRejected'])).toBeUndefined();
  });

  test('refuses a start with another number of shards and says what to do', async () => {
    await open();
    await expect(openTestJournal(database.url, { shards: 8 })).rejects.toThrow('set FLEETLOG_SHARDS=4');
  });

  test('a start that finds its shards goes on at their heads', async () => {
    const before = await open();
    const stream = freshStream();
    await before.append(appendOf(before, stream, 1, 3));
    const shard = before.shardOf(stream);
    const head = before.headOf(shard);
    const after = await open();
    expect(after.headOf(shard)).toBe(head);
    expect(await after.readShard(shard, head, 10)).toEqual([]);
    expect(await after.readShard(shard, head - 3, 10)).toHaveLength(3);
  });

  test('P1 positions stay gapless and readers see no hole under 4 writers with random shard sets on 3 connections', async () => {
    const journals = [await open(), await open(), await open()];
    const [first] = journals as [TestJournal];
    const base = await Promise.all([0, 1, 2, 3].map(async (shard) => (await first.heads())[shard]!.head));
    const random = seededRandom(42);
    const streams = Array.from({ length: 24 }, freshStream);
    let writing = true;
    const { readShard } = first.follow();
    const read: RecordedEvent[][] = base.map(() => []);
    const readers = [0, 1, 2, 3].map(async (shard) => {
      // Reads straight from the table, as a poller would, so that the ring can't hide a hole.
      let after = base[shard]!;
      for (let last = false; !last;) {
        last = !writing;
        const rows = await database.query<{ position: string }>(
          'select position from journal where shard = $1 and position > $2 order by position',
          [shard, after],
        );
        for (const { position } of rows) {
          expect(Number(position)).toBe(after + 1);
          after += 1;
        }
        read[shard]!.push(...(await readShard(shard, base[shard]! + read[shard]!.length, 500)));
      }
      return after;
    });
    await Promise.all(
      streams.map((stream, index) =>
        appendRounds(journals[index % 3]!, stream, 40, () => 1 + Math.floor(random() * 6)),
      ),
    );
    writing = false;
    const ends = await Promise.all(readers);
    expect(await violations(database)).toEqual([]);
    for (const { shard, head } of await first.heads()) {
      expect(ends[shard]).toBe(head);
      const inMemory = read[shard]!.map(({ position }) => position);
      expect(inMemory).toEqual(inMemory.map((_, index) => base[shard]! + 1 + index));
    }
  });

  test('P3 P6 a writer that waits for the shard row while the epoch moves on appends nothing and is fenced', async () => {
    const journal = await open({ pollMs: 60_000 });
    const stream = freshStream();
    const shard = journal.shardOf(stream);
    const head = journal.headOf(shard);
    await database.query('begin');
    await database.query('update shard set epoch = epoch + 1 where shard = $1', [shard]);
    const outcome = journal.append(appendOf(journal, stream, 1, 2));
    await database.query('select pg_sleep(0.2)');
    await database.query('commit');
    expect(await outcome).toEqual({ kind: 'fenced' });
    expect((await journal.heads())[shard]!.head).toBe(head);
    expect(await journal.append(appendOf(journal, stream, 1, 2))).toMatchObject({
      kind: 'committed',
      firstPosition: head + 1,
    });
  });

  test('I3 an append under a past epoch is fenced also when this node has learnt the new one', async () => {
    const journal = await open();
    const stale = appendOf(journal, freshStream(), 1);
    const shard = journal.shardOf(stale.stream);
    await database.query('update shard set epoch = epoch + 1 where shard = $1', [shard]);
    await until(() => journal.epochOf(shard) > stale.epoch);
    expect(await journal.append(stale)).toEqual({ kind: 'fenced' });
    expect(await recover(journal, stale.stream)).toMatchObject({ sequence: 0 });
  });

  test('P4 one loser in a group is found, everybody else is committed and no position is lost', async () => {
    const [mine, other] = [await open(), await open()] as const;
    const contested = freshStream();
    await other.append(appendOf(other, contested, 1));
    const streams = Array.from({ length: 30 }, freshStream);
    const group = [...streams.slice(0, 15), contested, ...streams.slice(15)];
    const outcomes = await Promise.all(group.map((stream) => mine.append(appendOf(mine, stream, 1))));
    expect(outcomes.map(({ kind }) => kind)).toEqual(
      group.map((stream) => (stream === contested ? 'conflict' : 'committed')),
    );
    expect(await violations(database)).toEqual([]);
  });

  test('content that Postgres refuses fails its own append only', async () => {
    const journal = await open();
    const [good, bad] = [freshStream(), freshStream()];
    const nul = { ...appendOf(journal, bad, 1), events: [{ ...someEvents(1)[0]!, type: 'with\0nul' }] };
    const [accepted, refused] = await Promise.allSettled([
      journal.append(appendOf(journal, good, 1)),
      journal.append(nul),
    ]);
    expect(accepted).toMatchObject({ value: { kind: 'committed' } });
    expect(refused).toMatchObject({ reason: { code: 'INTERNAL' } });
    expect(await violations(database)).toEqual([]);
  });

  test('P9 the partitions of journal are attached to checked leaves, and the next leaf stands ready', async () => {
    await open();
    const leaves = await database.query<{ shard: number; count: string }>(
      'select shard, count(*) from journal_leaf group by shard order by shard',
    );
    expect(leaves.map(({ count: ready }) => Number(ready))).toEqual([2, 2, 2, 2]);
  });

  test('P13 a payload may hold any bytes', async () => {
    const journal = await open();
    const stream = freshStream();
    const payload = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await journal.append({ ...appendOf(journal, stream, 1), events: someEvents(1, payload) });
    expect((await journal.readStream(stream, 1, 1))[0]!.payload.equals(payload)).toBe(true);
  });

  test('SEC-146 no statement changes, deletes or truncates journaled events, on parent, branch or leaf', async () => {
    const journal = await open();
    const stream = freshStream();
    await journal.append(appendOf(journal, stream, 1));
    const shard = journal.shardOf(stream);
    for (const table of ['journal', `journal_${shard}`, `journal_${shard}_1`]) {
      for (const sql of [
        `update ${table} set type = 'X' where shard = ${shard}`,
        `delete from ${table} where shard = ${shard}`,
        `truncate ${table} cascade`,
      ]) {
        await expect(database.query(sql)).rejects.toThrow(/append-only/);
      }
    }
    expect(await recover(journal, stream)).toMatchObject({ sequence: 1 });
  });

  test('the doorbell rings after a commit, and for the commits of another node', async () => {
    const [mine, other] = [await open(), await open()] as const;
    const stream = freshStream();
    const shard = mine.shardOf(stream);
    const rung: number[] = [];
    const unsubscribe = mine.onCommit((grown) => rung.push(grown));
    await mine.append(appendOf(mine, stream, 1));
    expect(rung).toEqual([shard]);
    await other.append({ ...appendOf(other, stream, 2) });
    await until(() => rung.length === 2);
    expect(await mine.readShard(shard, mine.headOf(shard) - 1, 10)).toMatchObject([{ stream, sequence: 2 }]);
    unsubscribe();
    await mine.append(appendOf(mine, stream, 3));
    expect(rung).toHaveLength(2);
  });

  test('memory holds what a follower has not read; once he is gone, Postgres is asked', async () => {
    const journal = await open();
    const stream = freshStream();
    const shard = journal.shardOf(stream);
    const head = journal.headOf(shard);
    const follower = journal.follow();
    expect(follower.readShard(shard, head, 10)).toEqual([]);
    for (const sequence of [1, 2, 3]) await journal.append(appendOf(journal, stream, sequence));
    const held = follower.readShard(shard, head, 10);
    expect(held).toMatchObject([1, 2, 3].map((sequence) => ({ stream, sequence, position: head + sequence })));
    follower.close();
    await journal.append(appendOf(journal, stream, 4));
    const asked = journal.readShard(shard, head, 3);
    expect(asked).toBeInstanceOf(Promise);
    expect(await asked).toEqual(held);
  });

  test('the relay mirror only grows, unless relaying begins again at 0', async () => {
    const journal = await open();
    await journal.saveRelayed(2, 17);
    await journal.saveRelayed(2, 5);
    expect((await journal.heads())[2]!.relayed).toBe(17);
    await journal.saveRelayed(2, 0);
    await journal.saveRelayed(2, 5);
    expect((await journal.heads())[2]!.relayed).toBe(5);
  });

  test('large events are read a few at a time, by stream and by shard, and none is left out', async () => {
    const journal = await open();
    const stream = freshStream();
    const shard = journal.shardOf(stream);
    const events = someEvents(40, Buffer.alloc(256 * 1024, 'x'));
    const outcome = await journal.append({ stream, epoch: journal.epochOf(shard), firstSequence: 1, events });
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    const another = await open(); // it has nothing of them in memory
    const sequences: number[] = [];
    for (let page: readonly RecordedEvent[] = []; ;) {
      page = await another.readStream(stream, sequences.length + 1, 1000);
      if (page.length === 0) break;
      expect(page.length).toBeLessThan(20);
      sequences.push(...page.map(({ sequence }) => sequence));
    }
    expect(sequences).toEqual(events.map((_, index) => index + 1));
    const positions: number[] = [];
    for (let after = outcome.firstPosition - 1; after < another.headOf(shard);) {
      const page = await another.readShard(shard, after, 1000);
      expect(page.length).toBeLessThan(20);
      positions.push(...page.map(({ position }) => position));
      after = positions.at(-1)!;
    }
    expect(positions).toEqual(events.map((_, index) => outcome.firstPosition + index));
  });

  test('types that a reader ignores are passed over far beyond its limit, and the last position says how far', async () => {
    const journal = await open({ ringBytes: 0 });
    const stream = freshStream();
    const shard = journal.shardOf(stream);
    const before = journal.headOf(shard);
    const telemetry = someEvents(30);
    const events = telemetry.map((event, index) => (index % 10 === 4 ? { ...event, type: 'DeviceUpdated' } : event));
    await journal.append({ stream, epoch: journal.epochOf(shard), firstSequence: 1, events });
    const read = async (after: number, limit: number) =>
      (await journal.readShard(shard, after, limit, [telemetry[0]!.type])).map(({ position }) => position - before);
    expect(await read(before, 10)).toEqual([5, 15, 25, 30]);
    expect(await read(before, 2)).toEqual([5, 15]);
    expect(await read(before + 15, 2)).toEqual([25, 30]);
    expect(await read(before + 30, 2)).toEqual([]);
  });

  test('a committed position that is gone is told, not skipped', async () => {
    const journal = await open({ ringBytes: 0 });
    const stream = freshStream();
    await journal.append(appendOf(journal, stream, 1, 3));
    const shard = journal.shardOf(stream);
    const head = journal.headOf(shard);
    await database.query('alter table journal disable trigger user');
    await database.query(`set session_replication_role = replica`);
    await database.query('delete from journal where shard = $1 and position = $2', [shard, head - 1]);
    await database.query(`set session_replication_role = origin`);
    await expect(Promise.resolve(journal.readShard(shard, head - 3, 10))).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
    });
  });
});
