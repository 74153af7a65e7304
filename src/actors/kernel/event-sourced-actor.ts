import { dispatchTo } from './actor-system.js';
import { draftBatch, PoisonedAsk, type BatchDraft } from './batch-draft.js';
import type { DomainEvent } from './decider.js';
import type { Entity } from './entity.js';
import { asFleetlogError, createEntityKeeper, type EntityKeeper, type KeeperSetting } from './entity-keeper.js';
import { FleetlogError } from './errors.js';
import { Inbox, type InboxLimits } from './inbox.js';
import type { Ask, Outcome } from './ports/entities.js';
import type { AppendOutcome, Journal } from './ports/journal.js';
import type { Supervised, Supervision } from './supervision.js';

/** Asks taken from the inbox at once, and their bytes. */
const BATCH_ASKS = 500;
const BATCH_BYTES = 1024 * 1024;
/** A batch that loses against other writers so often is given back. */
const MAX_REDECISIONS = 3;

/** What all actors of one kind share. */
export interface ActorSetting<C, E extends DomainEvent, S> extends KeeperSetting<C, E, S> {
  readonly journal: Journal;
  readonly supervision: Supervision;
  readonly inbox: InboxLimits;
}

/** Work for the entity that is no command: done in its turn, between two appends. */
export interface Errand<S> {
  run(keeper: EntityKeeper<S>): Promise<void> | void;
  /** Takes no room in the inbox. */
  readonly bytes: 0;
  /** Called instead of `run` when the actor can't do it. */
  fail(error: FleetlogError): void;
}

/** The only writer of one stream on this node. */
export interface EventSourcedActor<C, S> {
  /** Asks and errands that wait. */
  waiting(): number;
  /** Of `Clock.monotonic`. */
  lastUsed(): number;
  enqueue(ask: Ask<C>): boolean;
  enqueueErrand(errand: Errand<S>): boolean;
  /** Writes a snapshot and ends the actor, unless something waits or comes meanwhile. */
  passivate(): void;
  /** From now on nothing new is decided; resolves when what was waiting is. */
  close(): Promise<void>;
  /** What still waits is answered `SHUTTING_DOWN` in its turn; a running append is waited for. */
  hurry(): void;
}

type Message = 'drain' | 'passivate';

/**
 * An event-sourced entity as a nact actor, in six rules (`libraries.md` §1): own bounded inbox, one `drain` message under way at
 * most; recovery before the first decision; decide in order, one append per batch, reply in order after the commit; a lost
 * append forgets the state and decides again; the handler catches everything; a crash answers everybody who waits.
 *
 * The entity lives in this closure and not in nact's state, which a handler's `undefined` would wipe (N9).
 *
 * @param ended called once, synchronously, when the actor takes nothing any more and has answered all
 */
export function startEventSourcedActor<C, E extends DomainEvent, S>(
  stream: string,
  setting: ActorSetting<C, E, S>,
  ended: () => void,
): EventSourcedActor<C, S> {
  const { journal, clock, logger } = setting;
  const keeper = createEntityKeeper(stream, setting);
  const inbox = new Inbox<Ask<C> | Errand<S>>(setting.inbox);
  let underWay = false;
  let batch: readonly Ask<C>[] = [];
  let answered = 0;
  let lastUsed = clock.monotonic();
  let closing = false;
  let hurried = false;
  let drained: (() => void) | undefined;
  type Poisoned = ReadonlySet<Ask<C>> | undefined;
  const self: Supervised<Message> = setting.supervision.spawn<Message>(handle, crashed);

  async function handle(message: Message): Promise<void> {
    if (message === 'drain') await work();
    else if (inbox.count === 0) await keeper.saveSnapshot();
    if (inbox.count > 0) {
      // By a new message and not in a loop: the event loop and other actors get their turn between two batches.
      dispatchTo(self.ref, 'drain');
      return;
    }
    underWay = false;
    drained?.();
    if (message === 'passivate') {
      // Nothing came while the snapshot was written, and from here to the end nothing can.
      self.stop();
      ended();
    }
  }

  async function work(): Promise<void> {
    lastUsed = clock.monotonic();
    batch = takeAsks();
    if (batch.length > 0) {
      answered = 0;
      try {
        await processBatch();
      } catch (error) {
        const known = asFleetlogError(error);
        if (known.code === 'ACTOR_FAILED') logger.error({ code: known.code, stream, err: error }, 'a batch failed');
        keeper.forget();
        answerRest(known.code);
      }
      // An idle entity must not keep alive what asked it last (bench `memory`).
      batch = [];
    }
    // In the same turn: each connect asks what its command has led to (bench `reconnect`).
    const next = inbox.peek();
    if (next === undefined || !isErrand(next)) return;
    inbox.shift();
    await runErrand(next);
  }

  function takeAsks(): Ask<C>[] {
    const asks: Ask<C>[] = [];
    let bytes = 0;
    for (let next = inbox.peek(); next !== undefined && !isErrand(next); next = inbox.peek()) {
      if (asks.length >= BATCH_ASKS || (asks.length > 0 && bytes + next.bytes > BATCH_BYTES)) break;
      inbox.shift();
      asks.push(next);
      bytes += next.bytes;
    }
    return asks;
  }

  async function processBatch(): Promise<void> {
    if (hurried) answerRest('SHUTTING_DOWN');
    let poisoned: Poisoned;
    let redecisions = 0;
    while (answered < batch.length) {
      const needsIds = batch.some((ask) => ask.incomingId !== undefined);
      const known = needsIds ? undefined : keeper.known();
      // Almost always: without a promise for it.
      const draft =
        known === undefined ? await recoverAndDraft(needsIds, poisoned) : draftNext(known, undefined, poisoned);
      if (draft instanceof PoisonedAsk) {
        poisoned = new Set([...(poisoned ?? []), batch[draft.index] as Ask<C>]);
        continue;
      }
      const decidesNothing = draft.events.length === 0;
      // An append finds out by itself that another node was faster; where there is none, that is looked up.
      if (decidesNothing && (await keeper.catchUp())) continue;
      const outcome = decidesNothing ? undefined : await append(draft);
      if (outcome === undefined || outcome.kind === 'committed') {
        answer(draft, outcome);
        redecisions = 0;
        keeper.snapshotWhenDue();
        continue;
      }
      keeper.forget();
      redecisions += 1;
      logger.debug({ stream, outcome: outcome.kind, redecisions }, 'append lost, deciding again');
      if (redecisions > MAX_REDECISIONS) answerRest('JOURNAL_UNAVAILABLE');
    }
  }

  async function recoverAndDraft(needsIds: boolean, poisoned: Poisoned): Promise<BatchDraft | PoisonedAsk> {
    const openIds = needsIds ? await keeper.openIds() : undefined;
    return draftNext(keeper.known() ?? (await keeper.entity()), openIds, poisoned);
  }

  function draftNext(
    entity: Entity<S>,
    openIds: Set<number> | undefined,
    poisoned: Poisoned,
  ): BatchDraft | PoisonedAsk {
    try {
      return draftBatch({
        setting,
        stream,
        entity,
        asks: batch,
        from: answered,
        poisoned,
        openIds,
        incomingOwner: keeper.incomingOwner,
        now: clock.now(),
      });
    } catch (error) {
      if (!(error instanceof PoisonedAsk)) throw error;
      logger.error({ code: 'ACTOR_FAILED', stream, err: error.cause }, 'an event could not be applied');
      keeper.forget();
      return error;
    }
  }

  function append(draft: BatchDraft): Promise<AppendOutcome> {
    const { firstSequence, events, incomingIds } = draft;
    return journal.append({
      stream,
      epoch: draft.epoch,
      firstSequence,
      events,
      ...(incomingIds.length > 0 && { incomingIds }),
      ...(draft.isPatient && { patient: true }),
    });
  }

  /** Synchronous from the commit to the last reply, so that nothing can fail or slip in between. */
  function answer(draft: BatchDraft, committed: (AppendOutcome & { kind: 'committed' }) | undefined): void {
    let offset = 0;
    for (const [index, verdict] of draft.verdicts.entries()) {
      const ask = batch[answered] as Ask<C>;
      const count = draft.eventCounts[index] ?? 0;
      answered += 1;
      if (count === 0 || committed === undefined || verdict.kind === 'failed') settle(ask, verdict);
      else {
        const sequence = draft.firstSequence + offset;
        const position = committed.firstPosition + offset;
        const recorded = { stream, shard: committed.shard, sequence, position, count };
        if (verdict.kind === 'accepted') settle(ask, { kind: 'accepted', recorded });
        else settle(ask, { kind: 'rejected', rejection: verdict.rejection, recorded });
      }
      offset += count;
    }
  }

  /** An asker that throws breaks its own promise; the askers behind it must not suffer. */
  function settle(ask: Ask<C>, outcome: Outcome): void {
    try {
      ask.settle(outcome);
    } catch (error) {
      logger.error({ code: 'INTERNAL', stream, err: error }, 'an asker threw at its outcome');
    }
  }

  function answerRest(code: string): void {
    while (answered < batch.length) {
      const ask = batch[answered] as Ask<C>;
      answered += 1;
      settle(ask, { kind: 'failed', code });
    }
  }

  async function runErrand(errand: Errand<S>): Promise<void> {
    try {
      if (hurried) throw new FleetlogError('SHUTTING_DOWN', 'the platform is stopping');
      await errand.run(keeper);
    } catch (error) {
      errand.fail(asFleetlogError(error));
    }
  }

  /** Only a fault of this file comes here. Everybody who waits gets an answer, then the directory forgets the actor. */
  function crashed(error: unknown): void {
    underWay = true;
    ended();
    answerRest('ACTOR_FAILED');
    for (let item = inbox.shift(); item !== undefined; item = inbox.shift()) {
      if (isErrand(item)) item.fail(new FleetlogError('ACTOR_FAILED', 'the actor has stopped'));
      else settle(item, { kind: 'failed', code: 'ACTOR_FAILED' });
    }
    drained?.();
    logger.error({ code: 'ACTOR_FAILED', stream, err: error }, 'an actor crashed');
  }

  function push(item: Ask<C> | Errand<S>): boolean {
    if (!inbox.push(item)) return false;
    if (!underWay) {
      underWay = true;
      dispatchTo(self.ref, 'drain');
    }
    return true;
  }

  return {
    waiting: () => inbox.count,
    lastUsed: () => lastUsed,
    // Behind what already waits, so that even a refusal comes in its turn.
    enqueue: (ask) => push(closing ? refusal(ask) : ask),
    enqueueErrand: (errand) => push(errand),
    passivate() {
      if (underWay || closing) return;
      underWay = true;
      dispatchTo(self.ref, 'passivate');
    },
    close() {
      closing = true;
      if (!underWay) return Promise.resolve();
      return new Promise((resolve) => (drained = resolve));
    },
    hurry: () => void (hurried = true),
  };
}

function isErrand<C, S>(item: Ask<C> | Errand<S>): item is Errand<S> {
  return 'run' in item;
}

/** An ask that came while stopping. */
function refusal<C, S>(ask: Ask<C>): Errand<S> {
  const refuse = (): void => ask.settle({ kind: 'failed', code: 'SHUTTING_DOWN' });
  return { run: refuse, bytes: 0, fail: refuse };
}
