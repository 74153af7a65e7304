import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { Append, AppendOutcome, Journal } from '../../../src/actors/kernel/ports/journal.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { seededRandom } from '../../support/seeded-random.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { appendOf, appendRounds, openTestJournal, violations, type TestJournal } from './open-test-journal.js';
import { until } from './until.js';

/** Short limits, so that a lost connection shows within the test. */
const IMPATIENT = { statementTimeoutMs: 1_000, connectTimeoutMs: 1_000 };

describe('journal on a bad day', () => {
  let database: TestDatabase;
  let proxy: TcpProxy | undefined;
  const opened: TestJournal[] = [];
  let count = 0;
  const freshStream = () => `device/default/faulty-${(count += 1)}`;

  /** A stream of one of these shards. */
  const freshStreamOf = (journal: Journal, shards: readonly number[]): string => {
    const stream = freshStream();
    return shards.includes(journal.shardOf(stream)) ? stream : freshStreamOf(journal, shards);
  };

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await proxy?.close();
    proxy = undefined;
    await Promise.all(opened.splice(0).map((journal) => journal.close()));
  });
  afterAll(() => database.drop());

  const open = async (options: Parameters<typeof openTestJournal>[1] = {}) => {
    const journal = await openTestJournal(database.url, options, IMPATIENT);
    opened.push(journal);
    await until(() => journal.health().writable);
    return journal;
  };
  const openThroughProxy = async (options: Parameters<typeof openTestJournal>[1] = {}) => {
    const direct = new URL(database.url);
    proxy = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) });
    const through = new URL(direct);
    through.port = String(proxy.port);
    const journal = await openTestJournal(through.toString(), { stopGraceMs: 200, ...options }, IMPATIENT);
    opened.push(journal);
    await until(() => journal.health().writable);
    return { journal, proxy };
  };

  /** What was told to be committed is there exactly once, where it was told to be, and nothing else is. */
  const expectExactly = async (
    told: readonly { readonly append: Append; readonly outcome: AppendOutcome }[],
    streams: readonly string[],
  ) => {
    const rows = await database.query<{ stream: string; sequence: string; position: string; metadata: Buffer }>(
      'select stream, sequence, position, metadata from journal where stream = any($1)',
      [streams],
    );
    const stored = new Map(rows.map((row) => [`${row.stream}:${row.sequence}`, row]));
    let expected = 0;
    for (const { append, outcome } of told) {
      if (outcome.kind !== 'committed') continue;
      append.events.forEach((event, index) => {
        const row = stored.get(`${append.stream}:${append.firstSequence + index}`);
        expect(row?.metadata.equals(event.metadata)).toBe(true);
        expect(Number(row?.position)).toBe(outcome.firstPosition + index);
        expected += 1;
      });
    }
    expect(rows).toHaveLength(expected);
    expect(await violations(database)).toEqual([]);
  };

  test('P5 P10 with every backend killed again and again, each append has one exact outcome', async () => {
    const journal = await open();
    const random = seededRandom(3);
    const streams = Array.from({ length: 12 }, freshStream);
    const told: { append: Append; outcome: AppendOutcome }[] = [];
    let writing = true;
    let kills = 0;
    const killer = (async () => {
      while (writing) {
        const [row] = await database.query<{ killed: string }>(
          `select count(*) filter (where pg_terminate_backend(pid)) as killed from pg_stat_activity
           where datname = current_database() and application_name = 'fleetlog'`,
        );
        kills += Number(row!.killed);
        await new Promise((resolve) => setTimeout(resolve, 20 + random() * 30));
      }
    })();
    await Promise.all(
      streams.map((stream) =>
        tolerant(() =>
          appendRounds(
            journal,
            stream,
            60,
            () => 1 + Math.floor(random() * 4),
            (outcome, append) => told.push({ append, outcome }),
          ),
        ),
      ),
    );
    writing = false;
    await killer;
    expect(kills).toBeGreaterThan(5);
    await expectExactly(told, streams);
    await until(() => journal.health().writable);
  });

  test('P5 a reply cut at any byte is looked up: committed as told, at its place, once', async () => {
    const { journal, proxy: network } = await openThroughProxy({ pollMs: 60_000 });
    const stream = freshStream();
    const told: { append: Append; outcome: AppendOutcome }[] = [];
    let sequence = 1;
    const cutPoints = [0, 1, 5, 6, 20, 40, 60, 70, 75, 80, 85, 90, 100, 120];
    for (const afterBytes of cutPoints) {
      await until(() => journal.health().writable);
      network.set({ kind: 'cut-reply', afterBytes });
      const cuts = network.cuts;
      const append = appendOf(journal, stream, sequence, 3);
      const outcome = journal.append(append);
      let settled = false;
      void outcome.then(() => (settled = true));
      await until(() => settled || network.cuts > cuts);
      network.set({ kind: 'pass' });
      told.push({ append, outcome: await outcome });
      expect(told.at(-1)!.outcome.kind).toBe('committed');
      sequence += 3;
    }
    expect(network.cuts).toBeGreaterThan(8);
    await expectExactly(told, [stream]);
    const shard = journal.shardOf(stream);
    const all = await journal.readShard(shard, 0, 1_000);
    expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
  });

  test('P5 after a lost reply a stranger at the same sequence is told as a conflict, not as ours', async () => {
    const { journal, proxy: network } = await openThroughProxy();
    const other = await open();
    const stream = freshStream();
    network.set({ kind: 'silent' });
    const outcome = journal.append(appendOf(journal, stream, 1));
    await other.append(appendOf(other, stream, 1));
    network.set({ kind: 'down' });
    network.set({ kind: 'pass' });
    expect(await outcome).toEqual({ kind: 'conflict' });
    expect(await violations(database)).toEqual([]);
  });

  test('P5 a statement that outlives its connection is ended before anybody looks up what it did', async () => {
    const { journal, proxy: network } = await openThroughProxy();
    const stream = freshStream();
    const shard = journal.shardOf(stream);
    await database.query('begin');
    await database.query('select from shard where shard = $1 for update', [shard]);
    const outcome = journal.append(appendOf(journal, stream, 1, 2));
    const outlived = await waitingForLock();
    network.set({ kind: 'down' });
    network.set({ kind: 'pass' });
    await waitingForLock(outlived);
    await database.query('commit');
    expect(await outcome).toMatchObject({ kind: 'committed' });
    expect(await journal.readStream(stream, 1, 10)).toHaveLength(2);
  });

  /** The backend that waits for a lock, once there is one beside `known`. */
  const waitingForLock = async (known = 0): Promise<number> => {
    for (;;) {
      await database.query('select pg_stat_clear_snapshot()'); // a transaction sees one picture otherwise
      const [row] = await database.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and pid <> $1",
        [known],
      );
      if (row !== undefined) return row.pid;
    }
  };

  test('P12 a network that falls silent under an append ends the wait, and the append is written once', async () => {
    const { journal, proxy: network } = await openThroughProxy();
    const stream = freshStream();
    await journal.append(appendOf(journal, stream, 1));
    network.set({ kind: 'silent' });
    const append = appendOf(journal, stream, 2, 2);
    const outcome = journal.append(append);
    await until(() => !journal.health().writable);
    network.set({ kind: 'down' });
    network.set({ kind: 'pass' });
    expect(await outcome).toMatchObject({ kind: 'committed' });
    expect(await journal.readStream(stream, 1, 10)).toHaveLength(3);
  });

  test('while Postgres is away appends wait, the waiting room is bounded, and they are written when it is back', async () => {
    const { journal, proxy: network } = await openThroughProxy({ waitingRoom: { events: 20, bytes: 1_000_000 } });
    network.set({ kind: 'down' });
    await until(() => !journal.health().writable);
    const streams = Array.from({ length: 25 }, freshStream);
    const outcomes = streams.map((stream) => journal.append(appendOf(journal, stream, 1)));
    const settled = Promise.allSettled(outcomes);
    expect(journal.health()).toMatchObject({ writable: false, waitingAppends: 20, waitingEvents: 20 });
    for (const refused of outcomes.slice(20))
      await expect(refused).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    network.set({ kind: 'pass' });
    expect(
      (await settled).slice(0, 20).every((one) => one.status === 'fulfilled' && one.value.kind === 'committed'),
    ).toBe(true);
    await until(() => journal.health().writable && journal.health().waitingAppends === 0);
    expect(journal.health()).toMatchObject({ waitingEvents: 0, waitingBytes: 0 });
  });

  test('a shard whose row somebody holds does not hold up the shards of the other connection', async () => {
    const journal = await open();
    await database.query('begin');
    await database.query('select from shard where shard = 0 for update');
    const held = journal.append(appendOf(journal, freshStreamOf(journal, [0]), 1));
    const behind = journal.append(appendOf(journal, freshStreamOf(journal, [2]), 1));
    const beside = [1, 3].map((shard) => journal.append(appendOf(journal, freshStreamOf(journal, [shard]), 1)));
    expect(await Promise.all(beside)).toMatchObject([{ kind: 'committed' }, { kind: 'committed' }]);
    await until(() => journal.health().waitingAppends === 2);
    await database.query('rollback');
    expect(await Promise.all([held, behind])).toMatchObject([{ kind: 'committed' }, { kind: 'committed' }]);
    expect(await violations(database)).toEqual([]);
  });

  test('while Postgres refuses to write, appends wait and health names the reason', async () => {
    const journal = await open();
    const stream = freshStream();
    await database.query(`alter database ${database.name} set default_transaction_read_only = on`);
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'fleetlog'`,
    );
    await until(() => !journal.health().writable);
    const outcome = journal.append(appendOf(journal, stream, 1));
    await until(() => journal.health().reason === '25006');
    expect(journal.health()).toMatchObject({ writable: false, waitingAppends: 1 });
    await database.query('set default_transaction_read_only = off');
    await database.query(`alter database ${database.name} reset default_transaction_read_only`);
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'fleetlog'`,
    );
    expect(await outcome).toMatchObject({ kind: 'committed' });
    await until(() => journal.health().writable);
  });

  test('stopping writes what waits, and refuses what comes later', async () => {
    const journal = await openTestJournal(database.url);
    const streams = Array.from({ length: 50 }, freshStream);
    const outcomes = Promise.all(streams.map((stream) => journal.append(appendOf(journal, stream, 1))));
    const stopped = journal.close();
    await expect(journal.append(appendOf(journal, freshStream(), 1))).rejects.toMatchObject({
      code: 'JOURNAL_UNAVAILABLE',
    });
    expect((await outcomes).every(({ kind }) => kind === 'committed')).toBe(true);
    await stopped;
    expect(journal.health()).toMatchObject({ writable: false, reason: 'STOPPED' });
  });

  test('stopping without Postgres says of a waiting append that nothing was written, of a sent one only that it is not known', async () => {
    const { journal, proxy: network } = await openThroughProxy();
    network.set({ kind: 'silent' });
    const stream = freshStream();
    const sent = journal.append(appendOf(journal, stream, 1));
    await until(() => journal.health().waitingAppends === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const behind = freshStreamOf(journal, [journal.shardOf(stream)]);
    const waiting = journal.append(appendOf(journal, behind, 1));
    const settled = Promise.allSettled([sent, waiting]);
    await journal.stop();
    expect(await settled).toMatchObject([
      { reason: { code: 'SHUTTING_DOWN' } },
      { reason: { code: 'JOURNAL_UNAVAILABLE' } },
    ]);
  });

  describe('rolling leaves', () => {
    let rolling: TestDatabase;
    beforeAll(async () => {
      rolling = await createTestDatabase();
    });
    afterAll(() => rolling.drop());
    const openRolling = async (leafEvents: number) => {
      const journal = await openTestJournal(rolling.url, { leafEvents, shards: 2 });
      opened.push(journal);
      return journal;
    };

    test('P9 I2 leaves of 50 events under 4 contested writers on 2 connections stay unique and gapless', async () => {
      const journals = [await openRolling(50), await openRolling(50)] as const;
      const random = seededRandom(5);
      const streams = Array.from({ length: 8 }, freshStream);
      const fenced: AppendOutcome[] = [];
      const work = (journal: Journal, stream: string) =>
        appendRounds(
          journal,
          stream,
          25,
          () => 1 + Math.floor(random() * 12),
          (outcome) => {
            if (outcome.kind !== 'committed') fenced.push(outcome);
          },
        );
      await Promise.all(journals.flatMap((journal) => streams.map((stream) => work(journal, stream))));
      expect(await violations(rolling)).toEqual([]);
      const leaves = await rolling.query<{ shard: number; first: string; last: string }>(
        'select shard, first, last from journal_leaf order by shard, first',
      );
      expect(leaves.length).toBeGreaterThan(20);
      expect(new Set(fenced.map(({ kind }) => kind))).toEqual(new Set(['fenced', 'conflict']));
    });

    test('P9 I3 a writer that was paused over a roll writes nothing stale into the fresh leaf', async () => {
      const [paused, other] = [await openRolling(50), await openRolling(50)] as const;
      const stream = freshStream();
      const shard = paused.shardOf(stream);
      const stale = appendOf(paused, stream, 1);
      const head = (await other.heads())[shard]!.head;
      expect(await other.append(appendOf(other, stream, 1, 200))).toMatchObject({ firstPosition: head + 1 });
      expect(await paused.append(stale)).toEqual({ kind: 'fenced' });
      expect(await violations(rolling)).toEqual([]);
    });

    test('P9 I3 the writer that rolls the leaf is itself refused a sequence that stands in the old one', async () => {
      const [stale, other] = [await openRolling(50), await openRolling(50)] as const;
      const [contested, innocent] = sameShard(stale);
      const shard = stale.shardOf(contested);
      await fillLeafUpTo(other, contested, shard, 40);
      // Its epoch is right, its knowledge of the stream is not: 30 events do not fit, so it rolls.
      // The innocent append fills the old leaf, so that no unique key there would meet the stale one.
      const winner = stale.append(appendOf(stale, innocent, 1, 30));
      const loser = stale.append(appendOf(stale, contested, 1, 30));
      expect(await Promise.all([winner, loser])).toMatchObject([{ kind: 'committed' }, { kind: 'conflict' }]);
      expect(await violations(rolling)).toEqual([]);
    });

    test('SEC-146 leaves that were made later refuse change, too', async () => {
      const [{ first, shard }] = (await rolling.query<{ first: string; shard: number }>(
        'select shard, first from journal_leaf where first > 1 order by first limit 1',
      )) as [{ first: string; shard: number }];
      const leaf = `journal_${shard}_${first}`;
      for (const sql of [`update ${leaf} set type = 'X'`, `delete from ${leaf}`, `truncate ${leaf}`]) {
        await expect(rolling.query(sql)).rejects.toThrow(/append-only/);
      }
    });

    /** Two fresh streams of one shard. */
    function sameShard(journal: Journal): [string, string] {
      const first = freshStream();
      for (;;) {
        const second = freshStream();
        if (journal.shardOf(second) === journal.shardOf(first)) return [first, second];
      }
    }

    /** Appends to the stream until the shard's head is so far into its present leaf; both nodes know the epoch then. */
    async function fillLeafUpTo(journal: TestJournal, stream: string, shard: number, events: number): Promise<void> {
      for (const other of opened)
        await until(() => other.epochOf(shard) === Math.max(...opened.map((one) => one.epochOf(shard))));
      const [row] = await rolling.query<{ room: string }>(
        'select leaf_end - head as room from shard where shard = $1',
        [shard],
      );
      const room = Number(row!.room);
      const count = room > 50 - events ? room - (50 - events) : room;
      const outcome = await journal.append(appendOf(journal, stream, 1, count));
      expect(outcome.kind).toBe('committed');
    }
  });
});

/** Reads may fail while backends are killed; the actor of the test then goes on as a real one does. */
async function tolerant(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (error instanceof Error && error.name === 'JestAssertionError') throw error;
    }
  }
}
