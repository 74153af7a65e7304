import { dispatchTo } from '../kernel/actor-system.js';
import { createBackOff } from '../kernel/back-off.js';
import { withDeadline } from '../kernel/deadline.js';
import { StartRefused } from '../kernel/errors.js';
import type { Journal, ReadShard, RecordedEvent, ShardHead } from '../kernel/ports/journal.js';
import type { EventPublisher } from '../kernel/ports/publisher.js';
import type { Clock, Logger } from '../kernel/ports/surroundings.js';
import type { Supervised, Supervision } from '../kernel/supervision.js';
import { BATCH_EVENTS, nextBatch } from './batch.js';
import type { CatchUpPacer } from './catch-up-pacer.js';
import { resumePosition } from './checkpoint.js';
import { createMirror, MIRROR_MS } from './mirror.js';
import type { RelayMetrics } from './metrics.js';
import type { Pacer } from './pacer.js';

/**
 * One shard's way to Kafka, as an actor. Its state goes
 *
 *   opening ──fenced, checkpoint read and in bounds──▶ relaying ──▶ relaying …
 *    │  ▲                                                 │
 *    │  └───── back-off ◀── any error: the session is thrown away
 *    │  │
 *    │  └── standing by ◀── fenced: another node relays this shard; taken over when that one gets no further
 *    └──▶ refused: topic and journal are not of one history; nothing is touched until the next start
 *
 * Each message is one step: open, or one transaction. `wake` comes from the journal's doorbell, from the step before while there
 * is more, and from the timer of a pause; at most one is under way.
 */
export interface ShardRelay {
  readonly shard: number;
  /** Last position committed in Kafka, as far as it is known. */
  readonly position: number;
  readonly lagEvents: number;
  /** Age of the oldest event that is not in Kafka, seconds; 0 when all are. */
  readonly lagSeconds: number;
  /** Why it waits, while it does. */
  readonly fault: string | undefined;
  /** Resolves after the first successful open; rejects when topic and journal do not fit together. */
  readonly checked: Promise<void>;
  /** The shard has grown. */
  ring(): void;
  /** Resolves when the transaction under way has ended and the session is closed. */
  stop(): Promise<void>;
}

export interface ShardRelayOptions {
  readonly shard: number;
  readonly journal: Pick<Journal, 'headOf' | 'heads' | 'saveRelayed' | 'health'>;
  readonly readShard: ReadShard;
  readonly publisher: EventPublisher;
  readonly supervision: Supervision;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RelayMetrics;
  readonly pacer: Pacer;
  readonly catchUpPacer: CatchUpPacer;
  readonly random: () => number;
}

/** A batch of this size pays for its transaction: the next may follow at once, when no device waits. */
const FULL_ENOUGH_EVENTS = 500;
const STOP_MS = 3_000;
/**
 * Another node's relay is left alone while its mirror moves. One that stands still for so long is taken over, less up to half
 * at random; again and again only after ever longer, so that two nodes before a slow Kafka do not fence each other for ever.
 */
const TAKE_OVER = { firstMs: 10_000, lastMs: 120_000 };

/** The time until the next step. */
interface Pause {
  readonly ms: number;
  /** The doorbell does not end it. */
  readonly held: boolean;
}
const AT_ONCE: Pause = { ms: 0, held: true };
const UNTIL_RUNG: Pause = { ms: Infinity, held: false };
const FOR_EVER: Pause = { ms: Infinity, held: true };

export function startShardRelay(options: ShardRelayOptions): ShardRelay {
  const { shard, journal, readShard, publisher, clock, metrics, pacer, catchUpPacer } = options;
  const logger = options.logger.child({ shard });
  const backOff = createBackOff({ firstMs: 50, lastMs: 5_000, random: options.random });
  let position: number | undefined;
  let epoch = 0;
  let lastKnown = 0;
  let oldestUnsent: RecordedEvent | undefined;
  let fault: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let held = false;
  let underWay = false;
  let rung = false;
  let stopping: (() => void) | undefined;
  const patience = createBackOff({ ...TAKE_OVER, random: options.random });
  /** While another node relays the shard: how far it was seen, since when, and when it is given up. */
  let standby: { readonly seen: number; readonly since: number; readonly patienceMs: number } | undefined;
  const mirror = createMirror({ shard, journal, logger });
  let resolveChecked: () => void = () => undefined;
  let rejectChecked: (error: unknown) => void = () => undefined;
  const checked = new Promise<void>((resolve, reject) => {
    resolveChecked = resolve;
    rejectChecked = reject;
  });
  checked.catch(() => undefined); // asked for at the start only; later on `fault` tells

  const actor: Supervised<'wake'> = options.supervision.spawn<'wake'>(step, (error) =>
    logger.error({ err: error }, 'the relay of a shard ended'),
  );

  function wake(): void {
    if (underWay) {
      rung = true;
      return;
    }
    clearTimeout(timer);
    held = false;
    underWay = true;
    dispatchTo(actor.ref, 'wake');
  }

  function rest(pause: Pause): void {
    held = pause.held;
    if (pause.ms === 0 || (rung && !held)) wake();
    else if (pause.ms < Infinity) timer = setTimeout(wake, pause.ms);
  }

  /** Everything is caught here: nact must never see a throw of ours. */
  async function step(): Promise<void> {
    rung = false;
    let pause: Pause;
    try {
      if (standby !== undefined) pause = await standBy(standby);
      else pause = position === undefined ? await open() : await relayNext(position);
    } catch (error) {
      pause = await fail(error);
    }
    underWay = false;
    if (stopping) stopping();
    else rest(pause);
  }

  /** The mirror is read before the fence and the head after it: what another relay does meanwhile must not look like a loss. */
  async function open(): Promise<Pause> {
    await mirror.settled();
    const { relayed } = await ownHead();
    lastKnown = Math.max(lastKnown, relayed);
    oldestUnsent = (await readShard(shard, lastKnown, 1))[0];
    await publisher.open(shard);
    const checkpoint = await publisher.readCheckpoint(shard);
    const now = await ownHead();
    position = resumePosition(checkpoint, { shard, head: now.head, relayed });
    lastKnown = position;
    // A new topic is filled from the beginning. Before the first event gets there the mirror of the old one must be gone, or
    // the next start would take the checkpoint for a loss.
    if (position < relayed) await journal.saveRelayed(shard, position);
    mirror.begin(Math.min(relayed, position));
    epoch = now.epoch;
    resolveChecked();
    logger.debug({ position }, 'relay goes on');
    return AT_ONCE;
  }

  async function standBy({ seen, since, patienceMs }: NonNullable<typeof standby>): Promise<Pause> {
    const { head, relayed } = await ownHead();
    lastKnown = Math.max(lastKnown, relayed);
    oldestUnsent = (await readShard(shard, lastKnown, 1))[0];
    const now = clock.monotonic();
    if (relayed > seen || relayed >= head) standby = { seen: relayed, since: now, patienceMs };
    else if (now - since >= patienceMs) {
      standby = undefined;
      logger.info({ position: relayed }, 'another relay stands still, this one takes over');
      return AT_ONCE;
    }
    return { ms: MIRROR_MS, held: true };
  }

  async function ownHead(): Promise<ShardHead> {
    const head = (await journal.heads()).find((known) => known.shard === shard);
    if (head === undefined) throw new Error(`the journal has no shard ${shard}`);
    return head;
  }

  /** One transaction, or none when there is nothing to send. */
  async function relayNext(after: number): Promise<Pause> {
    const startedAt = clock.monotonic();
    const events = await readShard(shard, after, BATCH_EVENTS);
    oldestUnsent = events[0];
    const batch = nextBatch(events, after);
    const last = batch.at(-1);
    if (last === undefined) {
      works();
      mirror.follow(after, startedAt);
      return mirror.isBehind(after) ? { ms: MIRROR_MS, held: false } : UNTIL_RUNG;
    }
    await publisher.send(shard, batch, { position: last.position, epoch });
    position = last.position;
    lastKnown = position;
    oldestUnsent = events[batch.length];
    const endedAt = clock.monotonic();
    metrics.sent(batch.length, (endedAt - startedAt) / 1000);
    works();
    mirror.follow(position, endedAt);
    return afterSending(batch.length);
  }

  function afterSending(events: number): Pause {
    const now = clock.monotonic();
    if (events < FULL_ENOUGH_EVENTS) return { ms: pacer.nextTurn(now, events), held: true };
    return journal.health().waitingAppends === 0 ? AT_ONCE : { ms: catchUpPacer.nextTurn(now, events), held: true };
  }

  /** Only now, not when it has opened: a shard whose transactions always fail must back off further and further. */
  function works(): void {
    backOff.reset();
    patience.reset();
    fault = undefined;
  }

  async function lastMirror(): Promise<void> {
    await mirror.settled();
    if (mirror.isBehind(lastKnown) && position !== undefined) await journal.saveRelayed(shard, lastKnown);
  }

  async function fail(error: unknown): Promise<Pause> {
    const refused = error instanceof StartRefused;
    position = undefined;
    if (isFenced(error)) {
      metrics.fenced();
      logger.info({ position: lastKnown }, 'another relay has taken this shard over');
      standby = { seen: lastKnown, since: clock.monotonic(), patienceMs: patience.next() };
      fault = undefined;
      await publisher.close(shard).catch(() => undefined);
      return { ms: MIRROR_MS, held: true };
    }
    if (refused) logger.error({ err: error }, 'relay refused');
    else if (fault === undefined) logger.warn({ err: error }, 'relay waits');
    fault = error instanceof Error ? error.message : String(error);
    if (refused) rejectChecked(error);
    await publisher.close(shard).catch(() => undefined);
    return refused ? FOR_EVER : { ms: backOff.next(), held: true };
  }

  const self: ShardRelay = {
    shard,
    checked,
    get position() {
      return lastKnown;
    },
    get lagEvents() {
      return Math.max(0, journal.headOf(shard) - lastKnown);
    },
    get lagSeconds() {
      return oldestUnsent === undefined || journal.headOf(shard) <= lastKnown
        ? 0
        : Math.max(0, (clock.now() - oldestUnsent.recordedAt) / 1000);
    },
    get fault() {
      if (standby !== undefined) return undefined; // another node does its work
      return fault ?? (position === undefined ? 'connecting to Kafka' : undefined);
    },
    ring() {
      // While a held pause runs, the event waits for its end: the pause is what makes a batch of it.
      if (!held) wake();
    },
    async stop() {
      clearTimeout(timer);
      held = true;
      const idle = new Promise<void>((resolve) => (stopping = resolve));
      // A transaction that Kafka does not end in time is left to the fence of the next start.
      if (underWay) await withDeadline(idle, STOP_MS, 'the last transaction').catch(() => undefined);
      await withDeadline(lastMirror(), STOP_MS, 'the mirror').catch(() => undefined);
      await publisher.close(shard).catch(() => undefined);
      actor.stop();
    },
  };
  wake();
  return self;
}

/** Another relay has opened this shard after us. */
function isFenced(error: unknown): boolean {
  const { type, cause } = error as { type?: string; cause?: { type?: string } };
  return /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/.test(type ?? cause?.type ?? '');
}
