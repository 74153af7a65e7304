import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Logger as KafkaLogger, SASLOptions } from 'kafkajs';
import type { ByteWriter } from './byte-writer.js';

/**
 * The parts of kafkajs 2.2.4 that it does not export, typed as far as they are used. The pin in package.json is exact because
 * of this file; raising it means reading these places again (libraries.md §3).
 */
const load = createRequire(import.meta.url);

/** A record of a fetched batch (`src/protocol/recordBatch/record/v0/decoder.js`). */
export interface FetchedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | undefined>>;
  readonly isControlRecord: boolean;
}

export interface FetchedPartition {
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: readonly FetchedRecord[];
}

/** `src/network/connection.js`. */
interface Connection {
  readonly clientId: string;
  readonly socket: Socket;
  readonly requestQueue: {
    push(request: {
      readonly entry: object;
      readonly expectResponse: boolean;
      readonly requestTimeout: null;
      readonly sendRequest: () => void;
    }): void;
    maybeThrottle(ms: number | undefined): void;
  };
  isConnected(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
}

/** A request and its answer in one version, as `src/protocol/requests/<name>/index.js` makes them. */
interface Exchange {
  readonly request: { readonly apiKey: number; readonly apiName: string; readonly apiVersion: number };
  readonly response: {
    decode(payload: Buffer): Promise<{ readonly clientSideThrottleTime?: number }>;
    parse(decoded: object): Promise<unknown>;
  };
}

/** What names a transaction in its requests; ids are decimal digits here. */
interface TransactionNames {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** `src/broker/index.js`. */
export interface Broker {
  readonly connectionPool: { getConnection(): Promise<Connection> };
  /** The request in the best version that the broker and kafkajs both know. */
  lookupRequest(apiKey: number, definitions: unknown): (given: object) => Exchange;
  initProducerId(request: {
    readonly transactionalId: string;
    readonly transactionTimeout: number;
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
  addPartitionsToTxn(
    request: TransactionNames & {
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
    },
  ): Promise<unknown>;
  endTxn(request: TransactionNames & { readonly transactionResult: boolean }): Promise<unknown>;
  fetch(request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
}

/** `src/cluster/index.js`. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
  findGroupCoordinator(of: { readonly groupId: string; readonly coordinatorType: number }): Promise<Broker>;
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning: boolean;
    }[],
  ): Promise<readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]>;
}

/** What `src/index.js:76-95` hands to its own clusters. */
export interface ClusterOptions {
  readonly logger: KafkaLogger;
  readonly socketFactory: unknown;
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl: SASLOptions | undefined;
  readonly clientId: string;
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly metadataMaxAge: number;
  readonly allowAutoTopicCreation: boolean;
  readonly isolationLevel: number;
  readonly retry: object;
}

export const Cluster = load('kafkajs/src/cluster/index.js') as new (options: ClusterOptions) => Cluster;
const { requests } = load('kafkajs/src/protocol/requests/index.js') as { requests: { readonly Produce: unknown } };
const PRODUCE = 0;
export const createRootLogger = (
  load('kafkajs/src/loggers/index.js') as { createLogger: (options: object) => KafkaLogger }
).createLogger;
export const withoutAborted = load('kafkajs/src/consumer/filterAbortedMessages.js') as (fetched: {
  readonly messages: readonly FetchedRecord[];
  readonly abortedTransactions: FetchedPartition['abortedTransactions'];
}) => readonly FetchedRecord[];

/** `coordinator_type` of FindCoordinator: the coordinator of a transactional id. */
export const OF_TRANSACTIONS = 1;

/** `isolation_level` of a fetch: nothing of an open or aborted transaction. */
export const READ_COMMITTED = 1;

/** @see createSocketFactory */
type SocketFactory = (to: { readonly onConnect: () => void }) => Socket;

/**
 * Sockets as kafkajs makes them (`network/socketFactory.js`), but without Nagle's algorithm: the end of a large request must not
 * wait for the acknowledgement of its beginning.
 */
export function createSocketFactory(): SocketFactory {
  const create = (load('kafkajs/src/network/socketFactory.js') as () => SocketFactory)();
  return (to) => create(to).setNoDelay(true);
}

/**
 * Sends one Produce request whose body is written by `writeBody`, straight into `out`: kafkajs would make objects of each
 * record and header, and copy the whole three times (`protocol/encoder.js`, `protocol/request.js`). As `network/connection.js`
 * does it otherwise: same queue, same time-outs, same check of the answer. `out` may be used again when it has settled well.
 * @throws KafkaJSError when there is no answer, or the answer names an error of any partition
 */
export async function produce(broker: Broker, out: ByteWriter, writeBody: (out: ByteWriter) => void): Promise<void> {
  const connection = await broker.connectionPool.getConnection();
  await connection.authenticate();
  if (!connection.isConnected()) throw new Error('the connection to Kafka was lost');
  const { request, response } = broker.lookupRequest(PRODUCE, requests.Produce)({});
  const correlationId = connection.nextCorrelationId();
  out.at = 0;
  out.int32(0); // size: below
  out.int16(request.apiKey);
  out.int16(request.apiVersion);
  out.int32(correlationId);
  out.string(connection.clientId);
  writeBody(out);
  const frame = out.bytes.subarray(0, out.at);
  frame.writeInt32BE(frame.length - 4, 0);
  const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { ...request, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => connection.socket.write(frame),
    });
  });
  const decoded = await response.decode(payload);
  connection.requestQueue.maybeThrottle(decoded.clientSideThrottleTime);
  await response.parse(decoded);
}

interface RequestQueue {
  throttledUntil: number;
  pending: readonly unknown[];
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
}

/** How soon requests are looked at that wait for a free place, ms (`network/requestQueue/index.js`). */
const CHECK_PENDING_MS = 10;

/**
 * K5: kafkajs re-arms a timer per connection for ever, one wake-up per millisecond and connection. With this it is armed only
 * while something waits or the broker throttles.
 */
export function stopIdleTimers(): void {
  const queue = load('kafkajs/src/network/requestQueue/index.js') as {
    prototype: { scheduleCheckPendingRequests: (this: RequestQueue) => void };
  };
  queue.prototype.scheduleCheckPendingRequests = function () {
    const throttledMs = this.throttledUntil - Date.now();
    if (this.throttleCheckTimeoutId ?? (this.pending.length === 0 && throttledMs <= 0)) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledMs > 0 ? throttledMs : CHECK_PENDING_MS,
    );
  };
}
