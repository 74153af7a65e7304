import type { DomainEvent } from './decider.js';
import { toSnapshot, type Entity } from './entity.js';
import { FleetlogError } from './errors.js';
import { fromJournal } from './from-journal.js';
import type { IncomingIds } from './ports/journal.js';
import type { Clock } from './ports/surroundings.js';
import type { Quarantine } from './quarantine.js';
import { foldTail, recover, type RecoverySource } from './recovery.js';
import type { RecoverySlots } from './recovery-slots.js';
import { parseStreamKey } from './stream-key.js';

/** Pause after a failed recovery, doubled up to the last: short while Postgres is away, long for a fault that stays. */
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = { unavailable: 4_000, faulty: 60_000 };

export interface KeeperSetting<C, E extends DomainEvent, S> extends RecoverySource<C, E, S> {
  readonly incomingIds: IncomingIds;
  readonly clock: Clock;
  readonly slots: RecoverySlots;
  readonly quarantine: Quarantine;
  /** A snapshot is written each so many events, counted from another one in each stream. */
  readonly snapshotEvery: number;
  /** Told how long each recovery took. */
  readonly recovered: (seconds: number) => void;
}

/** Keeps one entity in memory: recovers it when it is asked for, forgets it, writes its snapshots, knows its QoS 2 ids. */
export interface EntityKeeper<S> {
  readonly incomingOwner: { readonly tenant: string; readonly device: string };
  /** The entity when it is in memory. */
  known(): Entity<S> | undefined;
  /**
   * The entity, recovered if need be.
   * @throws FleetlogError `JOURNAL_UNAVAILABLE`, `JOURNAL_CORRUPT` or `ACTOR_FAILED`; until the back-off is over without reading
   */
  entity(): Promise<Entity<S>>;
  /**
   * Reads on what other nodes may have added to the stream since it was read here. Without other nodes it costs a comparison.
   * @returns whether the entity is another than before
   * @throws FleetlogError as `entity`
   */
  catchUp(): Promise<boolean>;
  /** Open QoS 2 ids, loaded if need be. Whoever adds one must commit it or `forget`. */
  openIds(): Promise<Set<number>>;
  /** Forgets ids in Postgres and here; `undefined` = all. */
  releaseIds(messageIds: readonly number[] | undefined): Promise<void>;
  /** Drops entity and ids: what they hold is not, or not surely, what the journal holds. */
  forget(): void;
  /** Starts writing a snapshot when enough events have come since the last one. Only between two batches. */
  snapshotWhenDue(): void;
  /** Never rejects: without a snapshot the next recovery only reads more. */
  saveSnapshot(): Promise<void>;
}

export function createEntityKeeper<C, E extends DomainEvent, S>(
  stream: string,
  setting: KeeperSetting<C, E, S>,
): EntityKeeper<S> {
  const { clock, logger } = setting;
  const { tenant, id: device = '' } = parseStreamKey(stream);
  const shard = setting.journal.shardOf(stream);
  const phase = snapshotPhase(stream);
  let entity: Entity<S> | undefined;
  let grownByOthers = 0;
  let openIds: Set<number> | undefined;
  let failure: { readonly error: FleetlogError; readonly retryAt: number; readonly pauseMs: number } | undefined;
  let snapshotSequence = 0;
  let savingSnapshot: Promise<void> | undefined;

  async function recovered(): Promise<Entity<S>> {
    if (entity !== undefined) return entity;
    if (failure !== undefined && clock.monotonic() < failure.retryAt) throw failure.error;
    const started = clock.monotonic();
    grownByOthers = setting.journal.grownByOthers(shard);
    try {
      const result = await setting.slots.run(() => recover(stream, setting));
      ({ entity, snapshotSequence } = result);
      if (failure !== undefined) setting.quarantine.lift(stream);
      failure = undefined;
      setting.recovered((clock.monotonic() - started) / 1000);
      return entity;
    } catch (cause) {
      const error = asFleetlogError(cause);
      if (error.code === 'JOURNAL_CORRUPT') setting.quarantine.put(stream, error.message);
      const lastPause = error.code === 'JOURNAL_UNAVAILABLE' ? LAST_PAUSE_MS.unavailable : LAST_PAUSE_MS.faulty;
      const pauseMs = failure === undefined ? FIRST_PAUSE_MS : Math.min(lastPause, failure.pauseMs * 2);
      failure = { error, retryAt: clock.monotonic() + pauseMs, pauseMs };
      logger.error({ code: error.code, stream, retryInMs: pauseMs, err: cause }, 'recovery failed');
      throw error;
    }
  }

  async function catchUp(): Promise<boolean> {
    const grown = setting.journal.grownByOthers(shard);
    if (entity !== undefined && grown === grownByOthers) return false;
    const before = entity?.sequence;
    const fault = entity && (await foldTail(stream, entity, setting));
    // What does not follow is read again from its snapshot, which tells what is wrong.
    if (fault !== undefined) entity = undefined;
    else grownByOthers = grown;
    const { sequence } = await recovered();
    if (sequence !== before) openIds = undefined;
    return sequence !== before;
  }

  async function loadIds(): Promise<Set<number>> {
    openIds ??= new Set(await fromJournal(setting.incomingIds.open(tenant, device), 'reading the open message ids'));
    return openIds;
  }

  async function releaseIds(messageIds: readonly number[] | undefined): Promise<void> {
    const known = openIds;
    // A clean session begins and ends with this wish, and has hardly ever something to forget (bench `reconnect`).
    if (messageIds === undefined && known?.size === 0) return;
    // Unknown until the release is known to have happened.
    openIds = undefined;
    const released = setting.incomingIds.release(tenant, device, messageIds);
    await fromJournal(released, 'releasing message ids');
    if (messageIds === undefined) openIds = new Set();
    else {
      messageIds.forEach((id) => known?.delete(id));
      openIds = known;
    }
  }

  function roundOf(sequence: number): number {
    return Math.floor((sequence + phase) / setting.snapshotEvery);
  }

  function saveSnapshot(): Promise<void> {
    if (savingSnapshot !== undefined) return savingSnapshot;
    if (entity === undefined || entity.sequence === snapshotSequence) return Promise.resolve();
    const { sequence } = entity;
    snapshotSequence = sequence;
    const save = async (current: Entity<S>): Promise<void> => {
      // Before the first await: the state goes on changing.
      const snapshot = toSnapshot(stream, current, setting.codec);
      await fromJournal(setting.snapshots.save(snapshot), 'saving a snapshot');
    };
    savingSnapshot = save(entity)
      .catch((error: unknown) => logger.warn({ stream, sequence, err: error }, 'snapshot not saved'))
      .finally(() => (savingSnapshot = undefined));
    return savingSnapshot;
  }

  return {
    incomingOwner: { tenant, device },
    known: () => entity,
    entity: recovered,
    catchUp,
    openIds: loadIds,
    releaseIds,
    forget() {
      entity = undefined;
      openIds = undefined;
    },
    snapshotWhenDue() {
      if (entity !== undefined && roundOf(entity.sequence) > roundOf(snapshotSequence)) void saveSnapshot();
    },
    saveSnapshot,
  };
}

/** Devices of a fleet count in step: without this they would all write their snapshots at once, and PUBACKs wait (bench `ingest`). */
function snapshotPhase(stream: string): number {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (let index = 0; index < stream.length; index++) hash = Math.imul(hash ^ stream.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Any fault as one with a code of the catalogue. */
export function asFleetlogError(error: unknown): FleetlogError {
  return error instanceof FleetlogError
    ? error
    : new FleetlogError('ACTOR_FAILED', 'the entity failed', { cause: error });
}
