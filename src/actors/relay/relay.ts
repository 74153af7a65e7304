import type { Journal, SubscriptionStatus } from '../kernel/ports/journal.js';
import type { EventPublisher } from '../kernel/ports/publisher.js';
import type { Clock, Logger, Meter } from '../kernel/ports/surroundings.js';
import { observeLag } from '../kernel/lag-gauges.js';
import { createBusyShare } from '../kernel/busy-share.js';
import { createSupervision } from '../kernel/supervision.js';
import { createCatchUpPacer } from './catch-up-pacer.js';
import { createRelayMetrics } from './metrics.js';
import { createPacer } from './pacer.js';
import { startShardRelay } from './shard-relay.js';

export interface Relay {
  status(): SubscriptionStatus;
  /**
   * Resolves with `true` when every shard has found its place in Kafka, with `false` when Kafka was not reached within
   * `deadlineMs`.
   * @throws StartRefused when topic and journal do not fit together
   */
  checked(deadlineMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface RelayOptions {
  readonly journal: Pick<Journal, 'shards' | 'follow' | 'headOf' | 'heads' | 'saveRelayed' | 'health' | 'onCommit'>;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** In [0, 1), spreads the retries. @default Math.random */
  readonly random?: () => number;
}

/** Behind by more than this, a relay that works is *catching up*. */
const CATCHING_UP_EVENTS = 2_000;

/**
 * The outbox relay: publishes the journal to Kafka exactly once and in order, one actor per shard. Device actors never wait for
 * it; while Kafka is away the events wait in the journal.
 */
export function startRelay(options: RelayOptions): Relay {
  const { journal, random = Math.random } = options;
  const logger = options.logger.child({ component: 'relay' });
  const metrics = createRelayMetrics(options.meter);
  const pacer = createPacer();
  const catchUpPacer = createCatchUpPacer(createBusyShare());
  const supervision = createSupervision({ name: 'relay', prefix: 'r' });
  const follower = journal.follow();
  const { readShard } = follower;
  const shards = Array.from({ length: journal.shards }, (_, shard) =>
    startShardRelay({ ...options, shard, readShard, supervision, logger, metrics, pacer, catchUpPacer, random }),
  );
  observeLag(options.meter, 'relay', shards);
  const unsubscribe = journal.onCommit((shard) => shards[shard]?.ring());

  function state(): SubscriptionStatus['state'] {
    if (shards.some(({ fault }) => fault !== undefined)) return 'waiting';
    return shards.some(({ lagEvents }) => lagEvents > CATCHING_UP_EVENTS) ? 'catching-up' : 'running';
  }

  return {
    status() {
      const reason = shards.find(({ fault }) => fault !== undefined)?.fault;
      return {
        name: 'relay',
        state: state(),
        ...(reason !== undefined && { reason }),
        shards: shards.map(({ shard, position, lagEvents, lagSeconds, fault }) => ({
          shard,
          checkpoint: position,
          lagEvents,
          lagSeconds,
          ...(fault !== undefined && { reason: fault }),
        })),
      };
    },
    async checked(deadlineMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), deadlineMs)));
      const all = Promise.all(shards.map(({ checked }) => checked)).then(() => true);
      return Promise.race([all, late]).finally(() => clearTimeout(timer));
    },
    async stop() {
      unsubscribe();
      await Promise.all(shards.map((shard) => shard.stop()));
      follower.close();
      supervision.stop();
    },
  };
}
