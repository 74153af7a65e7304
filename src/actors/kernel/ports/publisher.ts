import type { RecordedEvent } from './journal.js';

/** The last position of a shard that is committed in Kafka, and the journal epoch under which it was sent. */
export interface RelayCheckpoint {
  readonly position: number;
  readonly epoch: number;
}

/**
 * Transactional publishing, one session per shard. Whatever throws leaves the session unusable: `close` it and `open` again;
 * whether a lost commit happened is answered by `readCheckpoint` after the next `open`.
 */
export interface EventPublisher {
  /** Fences every earlier session of this shard, on any node. */
  open(shard: number): Promise<void>;
  /**
   * Last committed checkpoint; `undefined` when the shard was never relayed to this topic. Only after `open`.
   * @throws StartRefused when there is none although the topic holds events of the shard
   */
  readCheckpoint(shard: number): Promise<RelayCheckpoint | undefined>;
  /** One transaction: these events (contiguous, of this shard) to its one partition, and the checkpoint. */
  send(shard: number, events: readonly RecordedEvent[], checkpoint: RelayCheckpoint): Promise<void>;
  close(shard: number): Promise<void>;
}

/** What the read_committed view of the topic may do wrong. */
export type RelayFaultKind = 'gap' | 'duplicate' | 'inversion' | 'difference';

/** Comparison of the Kafka topic with the journal (`interfaces.md` §4a): all zero and `first` null = the promise holds. */
export interface RelayVerification {
  /** Records read. */
  readonly records: number;
  /** Positions below the last one that are missing. */
  readonly gaps: number;
  readonly duplicates: number;
  /** Records that came after a later one. */
  readonly inversions: number;
  /** Records whose key, value or headers are not those of the journal. */
  readonly differences: number;
  /** Last position compared, by shard. */
  readonly upTo: Readonly<Record<string, number>>;
  /** The lowest position of the first shard with a fault. */
  readonly first: {
    readonly kind: RelayFaultKind;
    readonly shard: number;
    readonly position: number;
    readonly detail: string;
  } | null;
}
