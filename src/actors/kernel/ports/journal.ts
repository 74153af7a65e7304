/** An event ready for the journal: payload and metadata are UTF-8 JSON bytes and are never touched again. */
export interface EncodedEvent {
  readonly type: string;
  readonly schemaVersion: number;
  /** When the fact happened, as far as its source knows. */
  readonly occurredAt: number;
  readonly payload: Buffer;
  /** JSON object that ends with the member `"hash"`: the link of the stream's hash chain (`hash-chain.ts`). */
  readonly metadata: Buffer;
}

/** An event as journaled. */
export interface RecordedEvent extends EncodedEvent {
  readonly shard: number;
  /** 1, 2, 3 … in the shard, without gaps, in commit order. */
  readonly position: number;
  /** `device/<tenant>/<id>`, `tenant/<tenant>`, … */
  readonly stream: string;
  /** 1, 2, 3 … in the stream, without gaps. */
  readonly sequence: number;
  /** When the journal took it. */
  readonly recordedAt: number;
}

/** One actor's batch: all of it is committed or none of it. */
export interface Append {
  readonly stream: string;
  /** The shard's epoch under which the appender recovered its state (`Journal.epochOf`, read before the stream). */
  readonly epoch: number;
  readonly firstSequence: number;
  readonly events: readonly EncodedEvent[];
  /** Open QoS 2 message ids, inserted by the same statement as the events. */
  readonly incomingIds?: readonly IncomingId[];
  /** Some 20 ms more do not matter: where many append, it waits so long for others to share its statement. @default false */
  readonly patient?: boolean;
}

export type AppendOutcome =
  | { readonly kind: 'committed'; readonly shard: number; readonly firstPosition: number; readonly recordedAt: number }
  /** Somebody else wrote this sequence (or holds this incoming id): forget the state, recover, decide again. */
  | { readonly kind: 'conflict' }
  /** The epoch has moved on: forget the state, recover, decide again. */
  | { readonly kind: 'fenced' };

/** As `AppendOutcome`, or why nothing of the append was or will be written (`Journal.append` throws it). */
export type AppendAnswer = AppendOutcome | { readonly kind: 'failed'; readonly error: Error };

export interface ShardHead {
  readonly shard: number;
  readonly head: number;
  readonly epoch: number;
  /** Mirror of the relay's checkpoint; the truth is in Kafka. */
  readonly relayed: number;
}

export interface Journal {
  /** Number of shards, fixed by the first start. */
  readonly shards: number;
  /** `murmur2(stream) mod shards`, equal to the default partitioner of any Kafka client. */
  shardOf(stream: string): number;
  /** The shard's epoch as this node knows it. Read it *before* recovering a stream and pass it with each append. */
  epochOf(shard: number): number;
  /**
   * How often this node has learnt that others have committed in the shard, about a second late. State that was read under the
   * same number lacks nothing that is known of; read it *before* the stream.
   */
  grownByOthers(shard: number): number;
  /**
   * Joins the group commit and settles when the outcome is known. An outcome that the connection took with it is looked up,
   * never guessed, so this may take as long as Postgres is away; callers keep their own deadlines towards clients.
   * A stream has one append under way at a time.
   * @throws JournalUnavailable when nothing of it was or will be written: stopping, or the waiting room is full
   */
  append(append: Append): Promise<AppendOutcome>;
  /**
   * As `append`, without a promise for each (bench `ingest`).
   * @param answer called once, in a later turn, before the listeners of `onCommit` are. Must not throw
   */
  submit(append: Append, answer: (answer: AppendAnswer) => void): void;
  /** Events `fromSequence`, … of one stream in order: at most `limit`, fewer when they are large, none = the end of the stream. */
  readStream(stream: string, fromSequence: number, limit: number): Promise<readonly RecordedEvent[]>;
  /**
   * Events (after, after + limit] of one shard, contiguous, fewer when they are large, from the in-memory ring when it holds
   * them and from Postgres otherwise. An empty answer means: nothing committed after `after` that this node knows of.
   *
   * @param ignored event types that may be left out. Positions far beyond `limit` may then be passed at once; the last event of
   * the answer still is the last one passed.
   */
  readShard: ReadShard;
  /** For who reads shards as they grow. */
  follow(): Follower;
  /**
   * When the journal took the newest event of a stream that has one of the types, ms since 1970; `undefined` = there is none
   * among the last hundred events.
   */
  lastRecordedAt(stream: string, types: readonly string[]): Promise<number | undefined>;
  /** The newest committed position that this node knows of. */
  headOf(shard: number): number;
  /** Heads, epochs and relay mirror of all shards, from Postgres. */
  heads(): Promise<readonly ShardHead[]>;
  /** Calls back, synchronously after each commit, with the shard that has grown. Answers an unsubscribe function. */
  onCommit(listener: (shard: number) => void): () => void;
  /** Whether an append would be taken now, and what waits. For `/readyz`, back-pressure and metrics. */
  health(): JournalHealth;
  /** Stores the relay's mirror in `shard.relayed`. It never goes back, but for 0: a new topic is filled from the beginning. */
  saveRelayed(shard: number, position: number): Promise<void>;
}

/** `Journal.readShard`, which says what it answers, as a function of its own. @throws JournalUnavailable while Postgres is away */
export type ReadShard = (
  shard: number,
  after: number,
  limit: number,
  ignored?: readonly string[],
) => readonly RecordedEvent[] | Promise<readonly RecordedEvent[]>;

/** Somebody who reads on and on: memory holds what he has not read yet, and nothing else for long. */
export interface Follower {
  /** As `Journal.readShard`; what lies up to `after` he does not need any more. */
  readonly readShard: ReadShard;
  /** Reads no more. */
  close(): void;
}

export interface JournalHealth {
  readonly writable: boolean;
  readonly waitingAppends: number;
  readonly waitingEvents: number;
  readonly waitingBytes: number;
  /** Code of the last failure while not writable. */
  readonly reason?: string;
}

/** State of an entity as of `sequence`; `state` is JSON bytes whose shape `schemaVersion` names. Never trusted blindly. */
export interface Snapshot {
  readonly stream: string;
  readonly sequence: number;
  readonly schemaVersion: number;
  readonly state: Buffer;
}

export interface SnapshotStore {
  load(stream: string): Promise<Snapshot | undefined>;
  save(snapshot: Snapshot): Promise<void>;
}

/** A reader of the journal with its own checkpoint (`subscription.ts` runs it). */
export interface Subscriber {
  /** Stable name: relay, device-index, sessions, … */
  readonly name: string;
  /** Last position finished; reading goes on after it. Called once per shard before the first `handle`, again after a failure. */
  checkpoint(shard: number): Promise<number>;
  /**
   * Handles events of one shard, in order and contiguous but for what its subscription ignores, and stores the checkpoint of the last one together with its effect.
   * A throw means: nothing is finished; after a back-off `checkpoint` is asked again.
   */
  handle(shard: number, events: readonly RecordedEvent[]): Promise<void> | void;
  /**
   * Resolves after `pauseMs`, sooner when somebody waits for this subscriber to get on in the shard: events gather meanwhile.
   * @default nobody waits
   */
  untilAwaited?(shard: number, pauseMs: number): Promise<void>;
}

/** How far a running subscription is; `/system/status` shows it. */
export interface SubscriptionStatus {
  readonly name: string;
  readonly state: 'running' | 'catching-up' | 'waiting' | 'off';
  /** Code and sentence of the last failure while `waiting`. */
  readonly reason?: string;
  readonly shards: readonly {
    readonly shard: number;
    readonly checkpoint: number;
    readonly lagEvents: number;
    readonly lagSeconds: number;
    /** As above, of this shard. */
    readonly reason?: string;
  }[];
}

/** A QoS 2 message id between PUBLISH and PUBREL. */
export interface IncomingId {
  readonly tenant: string;
  readonly device: string;
  /** MQTT packet identifier, 1 … 65535. */
  readonly messageId: number;
}

export interface IncomingIds {
  /** Open ids of one device. */
  open(tenant: string, device: string): Promise<readonly number[]>;
  /** Forgets ids; all of the device's when `messageIds` is absent. */
  release(tenant: string, device: string, messageIds?: readonly number[]): Promise<void>;
}
