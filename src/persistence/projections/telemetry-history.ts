import type { DeviceEvent } from '../../actors/device/events.js';
import type { Journal, RecordedEvent, Subscriber } from '../../actors/kernel/ports/journal.js';
import type { TelemetryHistory } from '../../actors/kernel/ports/telemetry-history.js';
import { loadCheckpoint, moveCheckpoint } from '../checkpoints.js';
import type { Database } from '../database.js';
import { inTransaction } from '../transaction.js';
import { createTelemetryFold, type TelemetryFold } from './telemetry-fold.js';
import { readBuckets, readLatest } from './telemetry-reads.js';
import { storeTelemetry } from './telemetry-rows.js';

export interface TelemetryHistoryOptions {
  readonly database: Pick<Database, 'pool'>;
  readonly journal: Pick<Journal, 'shardOf'>;
  /** Decodes an event of a device stream, old schema versions lifted. */
  readonly decode: (event: RecordedEvent) => DeviceEvent;
  readonly streamOf: (tenant: string, device: string) => string;
  /** How long points wait in memory for others of their bucket, ms. @default 60000 */
  readonly flushMs?: number;
}

const NAME = 'telemetry';

/** Bounds of what waits in memory per shard, and of what a restart reads again. */
const MAX_WAITING_EVENTS = 50_000;
const MAX_WAITING_ROWS = 40_000;

interface ShardState {
  /** The checkpoint in Postgres. */
  stored: number;
  /** Everything up to here is stored or waits in `fold`. */
  handled: number;
  fold: TelemetryFold;
  /** The last attempt to store failed, perhaps after its commit: `stored` is not to be trusted. */
  inDoubt: boolean;
  timer: NodeJS.Timeout | undefined;
  /** Ends with what was asked for last: folding and storing take turns. */
  turn: Promise<unknown>;
}

/**
 * Latest values and rollups, kept up by `subscriber`. A row per point would cost as much as the journal itself, so points wait
 * in memory up to a minute for others of their bucket, and a shard is stored by one transaction together with its checkpoint:
 * each event counts once, and after a crash the last minute is read again. Whoever reads of a device has its shard stored
 * first. To rebuild, delete the rows of `telemetry_series`, `telemetry_rollup` and the checkpoints of `telemetry`.
 */
export function createTelemetryHistory(options: TelemetryHistoryOptions): {
  readonly history: TelemetryHistory;
  readonly subscriber: Subscriber;
  /** Stores what waits; after the subscription has stopped. */
  stop(): Promise<void>;
} {
  const { journal, decode, streamOf, flushMs = 60_000 } = options;
  const { pool } = options.database;
  const shards = new Map<number, ShardState>();

  function inTurn<T>(state: ShardState, work: () => Promise<T> | T): Promise<T> {
    const result = state.turn.then(work);
    state.turn = result.catch(() => undefined); // told to whoever waits for `result`
    return result;
  }

  async function store(shard: number, state: ShardState): Promise<void> {
    const { fold, handled } = state;
    clearTimeout(state.timer);
    state.timer = undefined;
    if (state.inDoubt) state.stored = await loadCheckpoint(pool, NAME, shard);
    if (state.stored !== handled) {
      state.inDoubt = true;
      await inTransaction(pool, async (client) => {
        // The points are in the journal: what a crash of Postgres takes with it is folded again.
        await client.query('set local synchronous_commit = off');
        await moveCheckpoint(client, NAME, shard, { from: state.stored, to: handled });
        if (fold.rows > 0) await storeTelemetry(client, fold);
      });
    }
    state.inDoubt = false;
    state.stored = handled;
    state.fold = createTelemetryFold();
  }

  const subscriber: Subscriber = {
    name: NAME,
    checkpoint: (shard) => {
      const state = shards.get(shard) ?? newShardState();
      shards.set(shard, state);
      return inTurn(state, async () => {
        const position = await loadCheckpoint(pool, NAME, shard);
        Object.assign(state, { stored: position, handled: position, fold: createTelemetryFold(), inDoubt: false });
        return position;
      });
    },
    handle: (shard, events) => {
      const state = shards.get(shard);
      if (state === undefined) throw new Error('the checkpoint is asked for first');
      return inTurn(state, async () => {
        // What was in the fold may be stored: only reading again from the checkpoint tells.
        if (state.inDoubt) throw new Error(`Telemetry of shard ${shard} could not be stored`);
        for (const event of events) {
          if (event.type !== 'TelemetryRecorded') continue;
          const decoded = decode(event);
          if (decoded.type === 'TelemetryRecorded') state.fold.add(event, decoded.data);
        }
        state.handled = events.at(-1)?.position ?? state.handled;
        state.timer ??= setTimeout(() => void flush(shard, state).catch(() => undefined), flushMs).unref();
        const full = state.fold.rows >= MAX_WAITING_ROWS || state.handled - state.stored >= MAX_WAITING_EVENTS;
        if (full) await store(shard, state);
      });
    },
  };

  const flush = (shard: number, state: ShardState): Promise<void> => inTurn(state, () => store(shard, state));

  /** What of the device still waits in memory gets stored. */
  async function settle(tenant: string, device: string): Promise<void> {
    const stream = streamOf(tenant, device);
    const shard = journal.shardOf(stream);
    const state = shards.get(shard);
    if (state?.fold.devices.has(stream)) await flush(shard, state);
  }

  return {
    subscriber,
    history: {
      latest: async (tenant, device) => {
        await settle(tenant, device);
        return readLatest(pool, tenant, device);
      },
      buckets: async (query) => {
        await settle(query.tenant, query.device);
        return readBuckets(pool, query);
      },
      handled: (shard) => shards.get(shard)?.handled ?? 0,
    },
    stop: async () => {
      await Promise.all([...shards].map(([shard, state]) => flush(shard, state)));
    },
  };
}

function newShardState(): ShardState {
  return {
    ...{ stored: 0, handled: 0, fold: createTelemetryFold(), inDoubt: false },
    ...{ timer: undefined, turn: Promise.resolve() },
  };
}
