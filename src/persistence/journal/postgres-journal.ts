import type { Follower, Journal, ReadShard, RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { Clock, Logger, Meter } from '../../actors/kernel/ports/surroundings.js';
import type { Database } from '../database.js';
import { pauseFor } from './pause.js';
import { readLastRecorded, readShardRows, readStreamRows } from './event-rows.js';
import { createGroupCommit, type WaitingRoomLimits } from './group-commit.js';
import { createGroupWriter, type GroupWriter } from './group-writer.js';
import { shardOf } from './murmur2.js';
import { ensureLeavesAhead, setUpShards } from './shard-setup.js';
import { createShardStates, readHeads } from './shard-states.js';
import type { RingReader } from './tail-ring.js';
import type { WaitingAppend } from './waiting-append.js';
import { openWriterConnection, type WriterConnection } from './writer-connection.js';

export interface JournalOptions {
  /** Migrated; the caller stops it after the journal. */
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  /** Fixed by the first start. */
  readonly shards: number;
  /** Positions per leaf. @default 50000000 */
  readonly leafEvents?: number;
  /** Memory for the newest events of all shards, for readers who are behind. @default 12582912 */
  readonly ringBytes?: number;
  /** How much may wait while Postgres is slow or away. @default 50000 events, 64 MiB */
  readonly waitingRoom?: WaitingRoomLimits;
  /** How often the heads are read for what other nodes have committed, ms. @default 1000 */
  readonly pollMs?: number;
  /** How long `stop` waits for Postgres before it gives up what waits, ms. @default 4000 */
  readonly stopGraceMs?: number;
}

export interface PostgresJournal extends Journal {
  /** Takes nothing more, writes what waits, and closes the writer's connection. */
  stop(): Promise<void>;
}

/** Buckets for the size of a group, events. */
const GROUP_BUCKETS = [1, 3, 10, 30, 100, 300, 1_000, 3_000];
/** Buckets for the time from statement to outcome, seconds. */
const COMMIT_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10];

/**
 * Connections that append, each for its share of the shards: while Postgres writes the group of one, this process makes the
 * group of the other, and Postgres flushes both at once (bench `journal`).
 */
const LANES = 2;

const MEBIBYTE = 1024 * 1024;
/** Some two seconds of 12,000 events a second. */
const RING_MEBIBYTES = 12;

/**
 * Opens the journal on Postgres: sets up shards and leaves, connects the writer, follows the heads.
 * @throws FleetlogError when the database holds another number of shards
 */
export async function openJournal(options: JournalOptions): Promise<PostgresJournal> {
  const { database, clock, meter, shards, leafEvents = 50_000_000, pollMs = 1_000, stopGraceMs = 4_000 } = options;
  const log = options.log.child({ component: 'journal' });
  const { pool } = database;
  await setUpShards(database, shards, leafEvents);
  const states = createShardStates(await readHeads(pool), (options.ringBytes ?? RING_MEBIBYTES * MEBIBYTE) / shards);
  const stopping = new AbortController();
  const { signal } = stopping;
  const isStopped = () => signal.aborted;
  const listeners = new Set<(shard: number) => void>();

  const ring = (shard: number) => {
    for (const listener of listeners) {
      try {
        listener(shard);
      } catch (error) {
        log.error({ err: error, shard }, 'A listener for commits has failed');
      }
    }
  };
  const learnHeads = async (from: Parameters<typeof readHeads>[0]) => {
    for (const shard of states.learn(await readHeads(from))) ring(shard);
  };
  let leavesAhead = Promise.resolve();
  const ensureAhead = (shard: number) => {
    leavesAhead = leavesAhead
      .then(() => ensureLeavesAhead(pool, shard, leafEvents))
      .catch((error: unknown) => log.warn({ err: error, shard }, 'The next leaf is not made yet; rolling makes it'));
  };

  const lanes = Array.from({ length: Math.min(LANES, shards) }, () => {
    const connection = openWriterConnection({ database, log, signal, onConnected: learnHeads });
    const writer = createGroupWriter({
      ...{ connection, states, clock, log, leafEvents, signal },
      onCommitted: (shard, events) => {
        if (states.add(shard, events)) ring(shard);
      },
      onRolled: ensureAhead,
    });
    return { connection, writer };
  });

  const batchEvents = meter.histogram('fleetlog_journal_batch_events', 'Events per append statement', GROUP_BUCKETS);
  const appendSeconds = meter.histogram(
    'fleetlog_journal_append_seconds',
    'Time from statement to known outcome',
    COMMIT_BUCKETS,
  );
  const measured = (writer: GroupWriter) => async (group: readonly WaitingAppend[]) => {
    const start = clock.monotonic();
    await writer.write(group);
    appendSeconds.observe((clock.monotonic() - start) / 1_000);
    batchEvents.observe(group.reduce((sum, { events }) => sum + events, 0));
  };
  const groups = createGroupCommit({
    shardOf: (stream) => shardOf(stream, shards),
    lanes: lanes.map(({ writer }) => measured(writer)),
    limits: options.waitingRoom ?? { events: 50_000, bytes: 64 * MEBIBYTE },
    abort: () => stopping.abort(),
  });
  meter.observableGauge('fleetlog_journal_waiting_events', 'Events that wait for their commit', [], (gauge) =>
    gauge.set(groups.waiting().events),
  );

  meter.observableGauge('fleetlog_journal_head_position', 'Position of the newest event.', ['shard'], (gauge) => {
    for (let shard = 0; shard < shards; shard++) gauge.set(states.headOf(shard), { shard: String(shard) });
  });

  // Other nodes' commits are polled for: NOTIFY within an append would serialise all commits (P7). Everything is read from
  // the primary, because a replica shows another order (P8).
  const followHeads = async () => {
    while (!isStopped()) {
      await pauseFor(pollMs, signal);
      if (!isStopped()) await learnHeads(pool).catch(() => undefined); // `health` tells of a lost Postgres
    }
  };
  const following = followHeads();

  const readRows = (...[shard, after, limit, ignored]: Parameters<ReadShard>): Promise<readonly RecordedEvent[]> =>
    readShardRows(pool, shard, after, limit, states.headOf(shard), ignored);
  const follow = (): Follower => {
    const readers = new Map<number, RingReader>();
    const readerOf = (shard: number): RingReader => {
      let reader = readers.get(shard);
      if (reader === undefined) readers.set(shard, (reader = states.open(shard)));
      return reader;
    };
    return {
      readShard: (shard, after, limit, ignored) =>
        readerOf(shard).read(after, limit) ?? readRows(shard, after, limit, ignored),
      close() {
        for (const reader of readers.values()) reader.close();
        readers.clear();
      },
    };
  };

  return {
    shards,
    shardOf: (stream) => shardOf(stream, shards),
    epochOf: (shard) => states.epochOf(shard),
    grownByOthers: (shard) => states.grownByOthers(shard),
    headOf: (shard) => states.headOf(shard),
    append: (append) =>
      new Promise((resolve, reject) =>
        groups.submit(append, (answer) => (answer.kind === 'failed' ? reject(answer.error) : resolve(answer))),
      ),
    submit: (append, answer) => groups.submit(append, answer),
    readStream: (stream, fromSequence, limit) =>
      readStreamRows(pool, shardOf(stream, shards), stream, fromSequence, limit),
    readShard: (shard, after, limit, ignored) =>
      states.read(shard, after, limit) ?? readRows(shard, after, limit, ignored),
    follow,
    lastRecordedAt: (stream, types) => readLastRecorded(pool, shardOf(stream, shards), stream, types),
    heads: () => readHeads(pool),
    onCommit: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    health: () => {
      const { appends, events, bytes, full } = groups.waiting();
      const reason = signal.aborted ? 'STOPPED' : (troubleOf(lanes) ?? (full ? 'FULL' : undefined));
      const counts = { waitingAppends: appends, waitingEvents: events, waitingBytes: bytes };
      return { writable: reason === undefined, ...counts, ...(reason !== undefined && { reason }) };
    },
    saveRelayed: async (shard, position) => {
      const forward = '(relayed < $2 or $2 = 0)';
      await pool.query(`update shard set relayed = $2 where shard = $1 and ${forward}`, [shard, position]);
    },
    stop: async () => {
      await groups.stop(stopGraceMs);
      stopping.abort();
      await Promise.all([...lanes.map(({ connection }) => connection.stop()), following, leavesAhead]);
    },
  };
}

function troubleOf(lanes: readonly { connection: WriterConnection; writer: GroupWriter }[]): string | undefined {
  for (const { connection, writer } of lanes) {
    const trouble = connection.trouble ?? writer.trouble;
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}
