import { join } from 'node:path';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import { createEventPublisher, type KafkaPublisher } from './event-publisher.js';
import type { KafkaConnection } from './kafka-client.js';
import { keepLocalKafka } from './kept-broker.js';
import { fetchedKafka, type LocalKafka } from './local-broker.js';
import type { TopicNames } from './topic-settings.js';

/** What the environment says of Kafka. */
export interface KafkaSettings extends TopicNames, Omit<KafkaConnection, 'logger'> {
  /** `auto` = `local` when Java and the fetched Kafka are there, else `off`. */
  readonly mode: 'auto' | 'local' | 'off' | 'brokers';
}

/** What the relay needs of Kafka. */
export interface AttachedKafka {
  /** `host:port`. */
  readonly brokers: readonly string[];
  /** Of a local broker. */
  readonly pid: number | null;
  readonly publisher: KafkaPublisher;
  /** For people. */
  readonly title: string;
}

/**
 * Starts a local broker where the settings ask for one, and a publisher to it or to the brokers given. `undefined` when Kafka is
 * off, which is no fault. Reaches no broker yet but its own.
 * @throws StartRefused when the local broker does not start
 */
export async function attachKafka(
  settings: KafkaSettings,
  options: {
    readonly dataDir: string;
    readonly shards: number;
    readonly clock: Clock;
    readonly logger: Logger;
    /** Aborted: the start is given up. */
    readonly signal: AbortSignal;
    /** Takes the broker that starts, which outlives this process unless it is stopped. */
    readonly onStarting: (broker: Promise<LocalKafka>) => void;
  },
): Promise<AttachedKafka | undefined> {
  const { mode } = settings;
  if (mode === 'off' || (mode === 'auto' && fetchedKafka() === undefined)) return undefined;
  const { dataDir, shards, clock, logger, signal, onStarting } = options;
  let local: LocalKafka | undefined;
  if (mode !== 'brokers') {
    const starting = keepLocalKafka({ dataDir: join(dataDir, 'kafka'), logger, signal });
    onStarting(starting);
    local = await starting;
  }
  const brokers = local ? [local.brokers] : settings.brokers;
  const publisher = createEventPublisher({ ...settings, brokers, shards, clock, logger });
  return { brokers, pid: local?.pid ?? null, publisher, title: local ? 'Kafka (local)' : 'Kafka' };
}
