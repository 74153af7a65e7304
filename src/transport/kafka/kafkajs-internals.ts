import { createRequire } from 'node:module';
import type { Logger as KafkaLogger, SASLOptions } from 'kafkajs';

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

interface Broker {
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
export const createSocketFactory = load('kafkajs/src/network/socketFactory.js') as () => unknown;
export const createRootLogger = (
  load('kafkajs/src/loggers/index.js') as { createLogger: (options: object) => KafkaLogger }
).createLogger;
export const withoutAborted = load('kafkajs/src/consumer/filterAbortedMessages.js') as (fetched: {
  readonly messages: readonly FetchedRecord[];
  readonly abortedTransactions: FetchedPartition['abortedTransactions'];
}) => readonly FetchedRecord[];

/** `isolation_level` of a fetch: nothing of an open or aborted transaction. */
export const READ_COMMITTED = 1;

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
