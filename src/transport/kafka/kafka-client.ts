import kafkajs, { type Kafka, type logCreator, type SASLOptions } from 'kafkajs';
import type { Logger } from '../../actors/kernel/ports.js';
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
 * here. `initialRetryTime` is what follows CONCURRENT_TRANSACTIONS after almost every quick next transaction (K11).
 */
export const RETRY = { retries: 6, initialRetryTime: 4, maxRetryTime: 200 };

/** Errors that are part of the protocol's normal course: the broker is still writing markers, or electing a coordinator. */
const EXPECTED =
  /CONCURRENT_TRANSACTIONS|COORDINATOR_LOAD_IN_PROGRESS|GROUP_COORDINATOR_NOT_AVAILABLE|another concurrent operation|coordinator is (loading|not available)/i;

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
        sasl: sasl as SASLOptions | undefined,
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

/** kafkajs' lines on our log. What the relay's own state tells (Kafka away) stays at debug: one line there, not one a retry. */
function logTo(logger: Logger): logCreator {
  return () =>
    ({ level, log: { message, error, broker } }) => {
      const fields = { error: error as unknown, broker: broker as unknown };
      const expected = EXPECTED.test(`${message} ${String(error)}`);
      if (level === kafkajs.logLevel.ERROR && !expected) logger.debug(fields, message);
      else if (level === kafkajs.logLevel.WARN) logger.debug(fields, message);
    };
}
