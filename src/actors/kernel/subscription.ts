import { observeLag } from './lag-gauges.js';
import type { Journal, Subscriber, SubscriptionStatus } from './ports/journal.js';
import type { Clock, Logger, Meter } from './ports/surroundings.js';
import { startSubscriptionLoop } from './subscription-loop.js';

export interface SubscriptionOptions {
  readonly subscriber: Subscriber;
  readonly journal: Pick<Journal, 'shards' | 'follow' | 'headOf' | 'onCommit'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Events handed over at once. @default 500 */
  readonly batchEvents?: number;
  /**
   * Event types that the subscriber has no use for. Where it lags behind they are not even read, so that telemetry does not hold
   * up who follows something else. @default none
   */
  readonly ignores?: readonly string[];
  /** @default all */
  readonly shards?: readonly number[];
  /**
   * `checkpoint`: where the subscriber left off. `head`: only what is committed from now on; `checkpoint` is never asked and a
   * failed batch is handed over again.
   * @default 'checkpoint'
   */
  readonly from?: 'checkpoint' | 'head';
  /** In [0, 1), spreads the retries. @default Math.random */
  readonly random?: () => number;
}

/** A subscription under way. */
export interface Subscription {
  status(): SubscriptionStatus;
  /** Last position that was handled in the shard. */
  checkpoint(shard: number): number;
  /** Resolves when the batches under way are handled. */
  stop(): Promise<void>;
}

/**
 * Runs a subscriber over the journal: one loop per shard, so that a shard that fails holds up no other, and no subscriber
 * another. Woken by the journal's doorbell; it never polls.
 */
export function startSubscription(options: SubscriptionOptions): Subscription {
  const { subscriber, journal, clock } = options;
  const logger = options.logger.child({ component: 'subscription' });
  const shards = options.shards ?? Array.from({ length: journal.shards }, (_, shard) => shard);

  const follower = journal.follow();
  const loops = shards.map((shard) =>
    startSubscriptionLoop({
      subscriber,
      journal,
      readShard: follower.readShard,
      clock,
      logger,
      shard,
      batchEvents: options.batchEvents ?? 500,
      ignores: options.ignores ?? [],
      from: options.from ?? 'checkpoint',
      random: options.random ?? Math.random,
    }),
  );
  const byShard = new Map(loops.map((loop) => [loop.shard, loop]));
  const unsubscribe = journal.onCommit((shard) => byShard.get(shard)?.ring());
  observeLag(options.meter, subscriber.name, loops);

  return {
    status() {
      const fault = loops.find((loop) => loop.fault !== undefined)?.fault;
      const behind = loops.some((loop) => loop.lagEvents > 0);
      return {
        name: subscriber.name,
        state: fault !== undefined ? 'waiting' : behind ? 'catching-up' : 'running',
        ...(fault !== undefined && { reason: fault }),
        shards: loops.map((loop) => ({
          shard: loop.shard,
          checkpoint: loop.position,
          lagEvents: loop.lagEvents,
          lagSeconds: loop.lagSeconds,
          ...(loop.fault !== undefined && { reason: loop.fault }),
        })),
      };
    },
    checkpoint: (shard) => byShard.get(shard)?.position ?? 0,
    async stop() {
      unsubscribe();
      await Promise.all(loops.map((loop) => loop.stop()));
      follower.close();
    },
  };
}
