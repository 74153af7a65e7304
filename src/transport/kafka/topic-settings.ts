import kafkajs, { type Admin } from 'kafkajs';
import { StartRefused } from '../../actors/kernel/errors.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';

/** The two topics of the relay. */
export interface TopicNames {
  readonly eventsTopic: string;
  readonly checkpointTopic: string;
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

/** The events of a topic that the relay makes have no end. */
export const KEPT_FOR_EVER: readonly Setting[] = [
  { name: 'cleanup.policy', value: 'delete' },
  { name: 'retention.ms', value: '-1' },
  { name: 'retention.bytes', value: '-1' },
];

/**
 * Small segments and an eager cleaner: a start reads the end of this topic only. Each transaction leaves a marker, too, which
 * outlives its record by `delete.retention.ms`: a day by default, that is hundreds of megabytes of nothing.
 */
export const COMPACTED: readonly Setting[] = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(1 << 20) },
  { name: 'min.cleanable.dirty.ratio', value: '0.1' },
  { name: 'delete.retention.ms', value: '600000' },
];

/**
 * Looks at the settings of topics that somebody else may have made.
 *
 * Checkpoints that expire are refused: a shard that was quiet for longer would find none, and could never go on in this topic.
 * Events that expire are a choice of the operator, since the journal keeps them all; that is said in the log.
 * @throws StartRefused
 */
export async function checkSettings(admin: Admin, topics: TopicNames, logger: Logger): Promise<void> {
  const { eventsTopic, checkpointTopic } = topics;
  const settings = await settingsOf(admin, [eventsTopic, checkpointTopic]).catch((error: unknown) => {
    // DescribeConfigs is a right of its own.
    logger.warn({ err: error }, 'the settings of the Kafka topics could not be read, so they are not checked');
    return undefined;
  });
  if (settings === undefined) return;
  if (settings.get(checkpointTopic)?.get('cleanup.policy') !== 'compact') {
    throw new StartRefused(
      `The Kafka topic ${checkpointTopic} deletes old records, and with them the checkpoints that the relay goes on from: set its cleanup.policy to compact.`,
    );
  }
  const found = settings.get(eventsTopic);
  const other = KEPT_FOR_EVER.filter(({ name, value }) => found?.get(name) !== value);
  if (other.length === 0) return;
  const told = Object.fromEntries(other.map(({ name }) => [name, found?.get(name)]));
  logger.warn({ topic: eventsTopic, ...told }, 'this Kafka topic does not keep its events for ever; the journal does');
}

async function settingsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}
