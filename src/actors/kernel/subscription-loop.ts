import { createBackOff } from './back-off.js';
import { FleetlogError } from './errors.js';
import type { Journal, ReadShard, RecordedEvent, Subscriber } from './ports/journal.js';
import type { Clock, Logger } from './ports/surroundings.js';

/** One shard of one subscription. */
export interface SubscriptionLoop {
  readonly shard: number;
  /** Last position handled, as far as it is known: 0 until the first checkpoint was read. */
  readonly position: number;
  readonly lagEvents: number;
  /** Age of the oldest event that is not handled, 0 when there is none. */
  readonly lagSeconds: number;
  /** Why it waits, while it does. */
  readonly fault: string | undefined;
  /** The shard has grown. */
  ring(): void;
  /** Resolves when the event under way is handled. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly subscriber: Subscriber;
  readonly readShard: ReadShard;
  readonly journal: Pick<Journal, 'headOf'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly shard: number;
  readonly batchEvents: number;
  /** Event types that need not be handed over. */
  readonly ignores: readonly string[];
  /** `head`: begin after what is there now and keep the position in memory only. */
  readonly from: 'checkpoint' | 'head';
  readonly random: () => number;
}

/**
 * How long events gather after a small batch. A batch costs about the same whatever it holds, and at 5,000 messages a second a
 * batch per commit cost several times what the events themselves do (bench `relay`).
 */
const GATHER_MS = 20;

/** Reads a shard from its checkpoint, hands over batch by batch, waits for the doorbell at the end and after a failure. */
export function startSubscriptionLoop(options: LoopOptions): SubscriptionLoop {
  const { subscriber, readShard, journal, clock, logger, shard } = options;
  // Never long: lists, and who may do what, are as late after a fault as this.
  const backOff = createBackOff({ firstMs: 100, lastMs: 5_000, random: options.random });
  // What a live-only subscriber has handled outlives its failures: there is no checkpoint to ask.
  const live = options.from === 'head';
  let position: number | undefined = live ? journal.headOf(shard) : undefined;
  let lastKnown = position ?? 0;
  let behindSince: number | undefined;
  let fault: string | undefined;
  let stopped = false;
  let rung = false;
  let wake: (() => void) | undefined;
  let wakeFromPause: (() => void) | undefined;

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await handleNext();
        backOff.reset();
        fault = undefined;
      } catch (error) {
        if (!live) position = undefined;
        fault = reasonOf(error);
        const pauseMs = backOff.next();
        logger.warn({ subscription: subscriber.name, shard, retryInMs: pauseMs, err: error }, 'subscription waits');
        await pause(pauseMs);
      }
    }
  }

  async function handleNext(): Promise<void> {
    rung = false;
    position ??= await subscriber.checkpoint(shard);
    lastKnown = position;
    const events = await readShard(shard, position, options.batchEvents, options.ignores);
    const first = events[0];
    if (first === undefined) {
      behindSince = undefined;
      await untilRung();
      return;
    }
    behindSince = first.recordedAt;
    await subscriber.handle(shard, events);
    position = (events.at(-1) as RecordedEvent).position;
    lastKnown = position;
    if (journal.headOf(shard) - position < options.batchEvents) await gather();
  }

  async function gather(): Promise<void> {
    if (stopped) return;
    if (subscriber.untilAwaited) await subscriber.untilAwaited(shard, GATHER_MS);
    else await pause(GATHER_MS);
  }

  async function untilRung(): Promise<void> {
    // A commit since the read has rung already.
    if (rung || stopped) return;
    await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
  }

  /** The doorbell does not cut it short: what is broken would be asked at each commit. */
  async function pause(milliseconds: number): Promise<void> {
    if (stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wakeFromPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wakeFromPause = undefined;
  }
  const ended = run();

  return {
    shard,
    get position() {
      return position ?? lastKnown;
    },
    get lagEvents() {
      return Math.max(0, journal.headOf(shard) - (position ?? lastKnown));
    },
    get lagSeconds() {
      if (this.lagEvents === 0) return 0;
      return Math.max(0, clock.now() - (behindSince ?? clock.now())) / 1000;
    },
    get fault() {
      return fault;
    },
    ring() {
      rung = true;
      behindSince ??= clock.now();
      wake?.();
    },
    stop() {
      stopped = true;
      wake?.();
      wakeFromPause?.();
      return ended;
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof FleetlogError ? `${error.code}: ${error.message}` : 'INTERNAL: the subscriber failed';
}
