import kafkajs, { type Kafka, type logCreator, type SASLOptions } from 'kafkajs';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import { Cluster, createRootLogger, createSocketFactory, READ_COMMITTED, stopIdleTimers } from './kafkajs-internals.js';

export interface KafkaConnection {
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
        readonly username: string;
        readonly password: string;
      }
    | undefined;
  readonly logger: Logger;
}

/** Ways to the cluster: kafkajs' own, and a bare one for fetches without a consumer group. */
export interface KafkaClient {
  readonly kafka: Kafka;
  /** Connected; the caller disconnects it. Knows the given topics. */
  openCluster(topics: readonly string[]): Promise<Cluster>;
}

const CLIENT_ID = 'fleetlog';
const CONNECTION_MS = 3_000;
const REQUEST_MS = 10_000;

/**
 * Short and always given: the defaults differ under NODE_ENV=test (K8), and what the relay retries itself need not be retried
 * here. Transactions are never sent again at all (`publisher-session.ts`).
 */
const RETRY = { retries: 6, initialRetryTime: 4, maxRetryTime: 200 };

export function createKafkaClient(connection: KafkaConnection): KafkaClient {
  stopIdleTimers();
  const { brokers, ssl, sasl } = connection;
  const given = { ssl, ...(sasl && { sasl: sasl as SASLOptions }) };
  const logs = logTo(connection.logger.child({ component: 'kafka' }));
  const limits = {
    connectionTimeout: CONNECTION_MS,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: true,
    retry: RETRY,
  };
  return {
    kafka: new kafkajs.Kafka({
      clientId: CLIENT_ID,
      brokers: [...brokers],
      ...given,
      ...limits,
      logLevel: kafkajs.logLevel.WARN,
      logCreator: logs,
    }),
    async openCluster(topics) {
      const cluster = new Cluster({
        ...limits,
        logger: createRootLogger({ level: kafkajs.logLevel.WARN, logCreator: logs }),
        socketFactory: createSocketFactory(),
        brokers,
        ssl,
        sasl: sasl,
        clientId: CLIENT_ID,
        metadataMaxAge: 300_000,
        allowAutoTopicCreation: false,
        isolationLevel: READ_COMMITTED,
      });
      try {
        await cluster.connect();
        for (const topic of topics) await cluster.addTargetTopic(topic);
        await cluster.refreshMetadata();
        return cluster;
      } catch (error) {
        await cluster.disconnect();
        throw error;
      }
    },
  };
}

/**
 * kafkajs' lines on our log, all at debug: it reports as an error what is the normal course of the protocol (K11) and each try
 * of a retry. What does fail reaches the relay as an error, which logs it once.
 */
function logTo(logger: Logger): logCreator {
  return () =>
    ({ log: { message, error, broker } }) =>
      logger.debug({ error: error as unknown, broker: broker as unknown }, message);
}
