import { dispatchTo } from './actor-system.js';
import { AskBatch } from './ask-batch.js';
import { draftBatch, PoisonedAsk, type BatchDraft } from './batch-draft.js';
import type { DomainEvent } from './decider.js';
import type { Entity } from './entity.js';
import { asFleetlogError, createEntityKeeper, type EntityKeeper, type KeeperSetting } from './entity-keeper.js';
import { FleetlogError } from './errors.js';
import { Inbox, type InboxLimits } from './inbox.js';
import type { Ask } from './ports/entities.js';
import type { AppendAnswer, AppendOutcome, Journal } from './ports/journal.js';
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
  /** An idle entity must not keep alive what asked it last (bench `memory`). */
  const noAsks = new AskBatch<C>(stream, [], logger);
  let underWay = false;
  let batch = noAsks;
  let lastUsed = clock.monotonic();
  let closing = false;
  let hurried = false;
  let drained: (() => void) | undefined;
  type Poisoned = ReadonlySet<Ask<C>> | undefined;
  const self: Supervised<Message> = setting.supervision.spawn<Message>(handle, crashed);

  /** A turn of the actor, from its message to the last reply. */
  function handle(message: Message): Promise<void> {
    if (message === 'passivate') return rest();
    lastUsed = clock.monotonic();
    batch = new AskBatch(stream, takeAsks(), logger);
    const draft = draftAtOnce();
    if (draft === undefined || draft instanceof PoisonedAsk || draft.events.length === 0) return work(draft);
    // Almost every batch: a promise for its turn, and none for its parts (bench `ingest`).
    return new Promise((resolve, reject) =>
      journal.submit(draft, (answer) => {
        try {
          resolve(conclude(draft, answer));
        } catch (error) {
          reject(asFleetlogError(error));
        }
      }),
    );
  }

  /** What can be decided from memory alone. */
  function draftAtOnce(): BatchDraft | PoisonedAsk | undefined {
    const entity = keeper.known();
    if (entity === undefined || hurried || !batch.isOpen || batch.needsIds) return undefined;
    try {
      return draftNext(entity, undefined, undefined);
    } catch (error) {
      giveUp(error);
      return undefined;
    }
  }

  function conclude(draft: BatchDraft, answer: AppendAnswer): Promise<void> | undefined {
    if (answer.kind === 'failed') giveUp(answer.error);
    else if (answer.kind === 'committed') settleDraft(draft, answer);
    else return work(draft, answer);
    const next = inbox.peek();
    if (batch.isOpen || (next !== undefined && isErrand(next))) return work();
    batch = noAsks;
    endTurn();
    return undefined;
  }

  function settleDraft(draft: BatchDraft, committed?: AppendOutcome & { kind: 'committed' }): void {
    batch.answer(draft, committed);
    keeper.snapshotWhenDue();
  }

  function giveUp(error: unknown): void {
    const known = asFleetlogError(error);
    if (known.code === 'ACTOR_FAILED') logger.error({ code: known.code, stream, err: error }, 'a batch failed');
    keeper.forget();
    batch.answerRest(known.code);
  }

  /**
   * The rest of a turn, whatever it takes.
   * @param draft of the batch, when there is one that is not settled
   * @param lost what became of its append
   */
  async function work(draft?: BatchDraft | PoisonedAsk, lost?: AppendOutcome): Promise<void> {
    try {
      await processBatch(draft, lost);
    } catch (error) {
      giveUp(error);
    }
    batch = noAsks;
    // In the same turn: each connect asks what its command has led to (bench `reconnect`).
    const next = inbox.peek();
    if (next !== undefined && isErrand(next)) {
      inbox.shift();
      await runErrand(next);
    }
    endTurn();
  }

  /** By a new message and not in a loop: the event loop and other actors get their turn between two batches. */
  function endTurn(): void {
    if (inbox.count > 0) dispatchTo(self.ref, 'drain');
    else {
      underWay = false;
      drained?.();
    }
  }

  async function rest(): Promise<void> {
    if (inbox.count === 0) await keeper.saveSnapshot();
    const isWanted = inbox.count > 0;
    endTurn();
    if (isWanted) return;
    // Nothing came while the snapshot was written, and from here to the end nothing can.
    self.stop();
    ended();
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

  async function processBatch(drafted?: BatchDraft | PoisonedAsk, lost?: AppendOutcome): Promise<void> {
    if (hurried) batch.answerRest('SHUTTING_DOWN');
    let poisoned: Poisoned;
    let redecisions = 0;
    let [draft, known] = [drafted, lost];
    for (; batch.isOpen; draft = known = undefined) {
      draft ??= await recoverAndDraft(poisoned);
      if (draft instanceof PoisonedAsk) {
        poisoned = new Set([...(poisoned ?? []), batch.asks[draft.index] as Ask<C>]);
        continue;
      }
      const decidesNothing = draft.events.length === 0;
      // An append finds out by itself that another node was faster; where there is none, that is looked up.
      if (decidesNothing && (await keeper.catchUp())) continue;
      const outcome = known ?? (decidesNothing ? undefined : await journal.append(draft));
      if (outcome === undefined || outcome.kind === 'committed') {
        settleDraft(draft, outcome);
        redecisions = 0;
        continue;
      }
      keeper.forget();
      redecisions += 1;
      logger.debug({ stream, outcome: outcome.kind, redecisions }, 'append lost, deciding again');
      if (redecisions > MAX_REDECISIONS) batch.answerRest('JOURNAL_UNAVAILABLE');
    }
  }

  async function recoverAndDraft(poisoned: Poisoned): Promise<BatchDraft | PoisonedAsk> {
    const openIds = batch.needsIds ? await keeper.openIds() : undefined;
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
        asks: batch.asks,
        from: batch.next,
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
    batch.answerRest('ACTOR_FAILED');
    for (let item = inbox.shift(); item !== undefined; item = inbox.shift()) {
      if (isErrand(item)) item.fail(new FleetlogError('ACTOR_FAILED', 'the actor has stopped'));
      else new AskBatch(stream, [item], logger).answerRest('ACTOR_FAILED');
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
