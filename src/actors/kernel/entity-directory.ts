import type { Decider, DomainEvent, EntityCodec } from './decider.js';
import { FleetlogError } from './errors.js';
import {
  startEventSourcedActor,
  type ActorSetting,
  type Errand,
  type EventSourcedActor,
} from './event-sourced-actor.js';
import type { InboxLimits } from './inbox.js';
import { createQuarantine, type QuarantinedStream } from './quarantine.js';
import { requestOutcome } from './request.js';
import type { Ask, EntityDirectory, EntityLoad } from './ports/entities.js';
import type { IncomingIds, Journal, SnapshotStore } from './ports/journal.js';
import type { Clock, Logger, Meter } from './ports/surroundings.js';
import { createRecoverySlots } from './recovery-slots.js';
import { createSupervision } from './supervision.js';

export interface DirectoryLimits {
  /** What may wait for one entity. @default 1000 asks, 4 MiB */
  readonly inbox: InboxLimits;
  /** Recoveries of this kind at once. @default 32 */
  readonly concurrentRecoveries: number;
  /** An entity that nobody has asked for so long leaves memory, with a snapshot. @default 600000 */
  readonly passivateAfterMs: number;
  /** @default 1000 */
  readonly snapshotEvery: number;
  /** Wait for an answer to `query`, `releaseIncoming`, `hasIncoming`. @default 20000 */
  readonly errandTimeoutMs: number;
}

const DEFAULT_LIMITS: DirectoryLimits = {
  inbox: { count: 1000, bytes: 4 * 1024 * 1024 },
  concurrentRecoveries: 32,
  passivateAfterMs: 600_000,
  snapshotEvery: 1000,
  errandTimeoutMs: 20_000,
};

/** How often idle entities are looked for and the mailboxes measured. */
const SWEEP_MS = 5_000;

/** What a directory of any kind needs from outside. */
export interface EntityPorts {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly incomingIds: IncomingIds;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly limits?: Partial<DirectoryLimits>;
}

export interface DirectoryOptions<C, E extends DomainEvent, S> extends EntityPorts {
  /** `device`, `tenant`, …: label of the metrics, first letter of the actors' names. */
  readonly kind: string;
  readonly decider: Decider<C, E, S>;
  readonly codec: EntityCodec<E, S>;
}

/** A directory that can be stopped. */
export interface RunningDirectory<C, S> extends EntityDirectory<C, S> {
  /** Counted anew at each call. */
  load(): EntityLoad;
  /** Streams that do not verify. */
  readonly quarantined: readonly QuarantinedStream[];
  /**
   * Takes nothing new (`SHUTTING_DOWN`) and resolves when all that waits is decided and journaled, or after `deadlineMs`: what
   * still waits then is refused in its turn. Appends under way are answered when the journal answers, even later.
   * @param deadlineMs default 5000
   */
  stop(deadlineMs?: number): Promise<void>;
}

/**
 * Finds or starts the actor of a stream. The Map is the truth: an actor that ends leaves it in the same synchronous step in
 * which it has seen its inbox empty, so no ask is lost between an old and a new incarnation (N2, N3, N8).
 */
export function createEntityDirectory<C, E extends DomainEvent, S>(
  options: DirectoryOptions<C, E, S>,
): RunningDirectory<C, S> {
  const { kind, clock, meter } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const logger = options.logger.child({ component: `${kind}-directory` });
  const supervision = createSupervision({ name: kind, prefix: kind.slice(0, 1) });
  const recoverySeconds = meter.histogram(
    'fleetlog_actor_recovery_seconds',
    'Time to recover an entity from its snapshot and events',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    ['kind'],
  );
  const activeGauge = meter.gauge('fleetlog_actors_active', 'Entities in memory', ['kind']);
  const recoveringGauge = meter.gauge('fleetlog_actors_recovering', 'Entities that recover or wait to', ['kind']);
  const depthGauge = meter.gauge('fleetlog_actor_mailbox_depth', 'Asks that wait for entities', ['kind']);
  const quarantine = createQuarantine();
  const setting: ActorSetting<C, E, S> = {
    ...options,
    ...limits,
    logger,
    supervision,
    quarantine,
    slots: createRecoverySlots(limits.concurrentRecoveries),
    recovered: (seconds) => recoverySeconds.observe(seconds, { kind }),
  };
  const actors = new Map<string, EventSourcedActor<C, S>>();
  let stopping: Promise<void> | undefined;
  const sweeper = setInterval(sweep, Math.min(SWEEP_MS, limits.passivateAfterMs));
  sweeper.unref();

  function actorOf(stream: string): EventSourcedActor<C, S> {
    const known = actors.get(stream);
    if (known !== undefined) return known;
    const started = startEventSourcedActor(stream, setting, () => {
      actors.delete(stream);
      activeGauge.set(actors.size, { kind });
    });
    actors.set(stream, started);
    activeGauge.set(actors.size, { kind });
    return started;
  }

  function sweep(): void {
    const idleSince = clock.monotonic() - limits.passivateAfterMs;
    for (const actor of actors.values()) if (actor.lastUsed() <= idleSince) actor.passivate();
    depthGauge.set(countAsks(), { kind });
    recoveringGauge.set(setting.slots.running + setting.slots.waiting, { kind });
  }

  function countAsks(): number {
    let asks = 0;
    for (const actor of actors.values()) asks += actor.waiting();
    return asks;
  }

  function enqueue(stream: string, ask: Ask<C>): boolean {
    if (stopping !== undefined && !actors.has(stream)) {
      // In a later turn, as every other outcome.
      queueMicrotask(() => ask.settle({ kind: 'failed', code: 'SHUTTING_DOWN' }));
      return true;
    }
    return actorOf(stream).enqueue(ask);
  }

  function errand<T>(stream: string, work: (keeper: Parameters<Errand<S>['run']>[0]) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (stopping !== undefined) {
        reject(new FleetlogError('SHUTTING_DOWN', 'the platform is stopping'));
        return;
      }
      const expired = (): void => reject(new FleetlogError('TIMEOUT', 'the entity did not answer in time'));
      const timer = setTimeout(expired, limits.errandTimeoutMs);
      const fail = (error: FleetlogError): void => {
        clearTimeout(timer);
        reject(error);
      };
      const run: Errand<S>['run'] = async (keeper) => {
        const result = await work(keeper);
        clearTimeout(timer);
        resolve(result);
      };
      if (!actorOf(stream).enqueueErrand({ run, bytes: 0, fail })) {
        fail(new FleetlogError('BUSY', 'too much is waiting for this entity'));
      }
    });
  }

  async function stop(deadlineMs: number): Promise<void> {
    clearInterval(sweeper);
    const all = [...actors.values()];
    const closed = Promise.all(all.map((actor) => actor.close()));
    // The tree stays until the last actor is done: a stopped actor would lose its next `drain` in silence (N2).
    const ended = closed.then(() => supervision.stop());
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        logger.warn(
          { waiting: all.reduce((sum, actor) => sum + actor.waiting(), 0) },
          'stopped before all was journaled',
        );
        for (const actor of all) actor.hurry();
        resolve();
      }, deadlineMs);
    });
    await Promise.race([ended, deadline]);
    clearTimeout(timer);
  }

  return {
    load: () => ({
      active: actors.size,
      recovering: setting.slots.running,
      recoveriesWaiting: setting.slots.waiting,
      asks: countAsks(),
    }),
    get quarantined() {
      return quarantine.streams;
    },
    enqueue,
    request: (stream, command, origin, requestOptions) =>
      requestOutcome((ask) => enqueue(stream, ask), command, origin, requestOptions),
    query: (stream, read) =>
      errand(stream, async (keeper) => {
        await keeper.catchUp();
        const { state, sequence } = await keeper.entity();
        return read(state, sequence);
      }),
    releaseIncoming: (stream, messageIds) => errand(stream, (keeper) => keeper.releaseIds(messageIds)),
    hasIncoming: (stream, messageId) => errand(stream, async (keeper) => (await keeper.openIds()).has(messageId)),
    stop: (deadlineMs = 5_000) => (stopping ??= stop(deadlineMs)),
  };
}
