import type { Recent } from './recent-series.js';

/**
 * What the domain needs from outside, as interfaces. `persistence/`, `transport/` and `observability.ts` implement them;
 * `main.ts` wires them. Times are milliseconds since 1970 (UTC) unless a name says otherwise.
 */

// ── Time, chance, words ──────────────────────────────────────────────────────────────────────────────────────────────

/** The only source of time. `now` may jump with the wall clock, `monotonic` never does: timers and durations use it. */
export interface Clock {
  /** Milliseconds since 1970, an integer. */
  now(): number;
  /** Milliseconds since an arbitrary start, never going back. */
  monotonic(): number;
}

/** Structured log line: fields first, then one short sentence. Never a secret or a payload in `fields`. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds `fields` (at least `component`) to each line. */
  child(fields: object): Logger;
}

/** Cumulative buckets of a histogram, the last one without a bound (`le` = infinity). */
export type Buckets = readonly { readonly le: number; readonly count: number }[];

export interface Counter {
  inc(amount?: number, labels?: Readonly<Record<string, string>>): void;
  /** Counts one series without looking its labels up each time: for what happens per message (bench `ingest`). */
  series(labels: Readonly<Record<string, string>>): () => void;
}
export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}
export interface Histogram {
  /** @param seconds or the unit that the metric's name ends with */
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Registers metrics by full name (`fleetlog_…`). Asking twice for a name gives the same metric. Never a device id as label. */
export interface Meter {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /** A gauge read at scrape time; several parts may show series of one name. */
  observableGauge(name: string, help: string, labels: readonly string[], collect: (gauge: Gauge) => void): void;
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram;
}

// ── Events and the journal ───────────────────────────────────────────────────────────────────────────────────────────

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
}

export type AppendOutcome =
  | { readonly kind: 'committed'; readonly shard: number; readonly firstPosition: number; readonly recordedAt: number }
  /** Somebody else wrote this sequence (or holds this incoming id): forget the state, recover, decide again. */
  | { readonly kind: 'conflict' }
  /** The epoch has moved on: forget the state, recover, decide again. */
  | { readonly kind: 'fenced' };

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
   * Joins the group commit and settles when the outcome is known. An outcome that the connection took with it is looked up,
   * never guessed, so this may take as long as Postgres is away; callers keep their own deadlines towards clients.
   * A stream has one append under way at a time.
   * @throws JournalUnavailable when nothing of it was or will be written: stopping, or the waiting room is full
   */
  append(append: Append): Promise<AppendOutcome>;
  /** Events `fromSequence`, … of one stream in order: at most `limit`, fewer when they are large, none = the end of the stream. */
  readStream(stream: string, fromSequence: number, limit: number): Promise<readonly RecordedEvent[]>;
  /**
   * Events (after, after + limit] of one shard, contiguous, fewer when they are large, from the in-memory ring when it holds
   * them and from Postgres otherwise. An empty answer means: nothing committed after `after` that this node knows of.
   */
  readShard(shard: number, after: number, limit: number): readonly RecordedEvent[] | Promise<readonly RecordedEvent[]>;
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
   * Handles events of one shard, contiguous and in order, and stores the checkpoint of the last one together with its effect.
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

// ── Entities (event-sourced actors) ──────────────────────────────────────────────────────────────────────────────────

/**
 * Who caused an event, from where, and by which right (SEC-150). Constant per connection or request, so that its JSON is
 * made once (`encodeOrigin`) and copied into the metadata of each event.
 */
export interface Origin {
  readonly tenant: string;
  /** `device/<id>`, `token/<id>`, `system/<part>`. */
  readonly principal: string;
  /** SHA-256 of the certificate's DER in lower-case hex, or the id of a token. */
  readonly credential?: string;
  readonly sessionEpoch?: number;
  /** The gateway that spoke for the device. */
  readonly via?: string;
  /** Remote address, without the port. */
  readonly address?: string;
  /** `<stream>:<sequence>` of the registry event that allowed it; `environment` for the first admin's token. */
  readonly policy?: string;
  /** REST: `Idempotency-Key` of the request. */
  readonly idempotencyKey?: string;
}

/** Why a command was refused: a value, not an exception. */
export interface Rejection {
  /** A code of `errors.ts`. */
  readonly code: string;
  /** One sentence for people; no internals. */
  readonly detail: string;
  /** JSON pointer into the refused payload. */
  readonly pointer?: string;
}

/** Place of the events that one command caused, known after their commit. */
export interface Recorded {
  readonly stream: string;
  readonly shard: number;
  /** Of the first event; `count` events follow each other in sequence and position. */
  readonly sequence: number;
  readonly position: number;
  readonly count: number;
}

export type Outcome =
  /** `recorded` is absent when the command changed nothing (a repeat). */
  | { readonly kind: 'accepted'; readonly recorded?: Recorded }
  /** `recorded` is there when the refusal itself is a journaled fact (`MessageRejected`). */
  | { readonly kind: 'rejected'; readonly rejection: Rejection; readonly recorded?: Recorded }
  /** Not decided: `BUSY`, `JOURNAL_UNAVAILABLE`, `JOURNAL_CORRUPT`, `ACTOR_FAILED`, `SHUTTING_DOWN`. Nothing was written. */
  | { readonly kind: 'failed'; readonly code: string };

/**
 * One command on its way to an entity. The hot path hands over an object of its own (the commit gate's entry), so that no
 * promise and no closure is made per message (bench `ingest`).
 */
export interface Ask<C> {
  readonly command: C;
  readonly origin: Origin;
  /** Size that counts against the inbox's bound. */
  readonly bytes: number;
  /** QoS 2 packet identifier: the entity takes each id once until it is released. */
  readonly incomingId?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** Set by the asker when nobody waits any more: an ask that is not yet decided is then passed over. */
  abandoned?: boolean;
  /** Called once, synchronously, in the order of the asks of one entity. Must not throw. */
  settle(outcome: Outcome): void;
}

/** Finds the actor of a stream, starting and recovering it when needed. */
export interface EntityDirectory<C, S> {
  /** Puts the ask into the entity's inbox, synchronously. `false` = the inbox is full, nothing was taken (`BUSY`). */
  enqueue(stream: string, ask: Ask<C>): boolean;
  /** As `enqueue`, for callers off the hot path; resolves with the outcome, `failed` with `BUSY` included. */
  request(stream: string, command: C, origin: Origin, options?: RequestOptions): Promise<Outcome>;
  /**
   * Reads committed state, after all that was asked before. `state` must not be kept or changed.
   * @throws FleetlogError `JOURNAL_UNAVAILABLE` or `TIMEOUT`
   */
  query<T>(stream: string, read: (state: S, sequence: number) => T): Promise<T>;
  /** Forgets QoS 2 ids (PUBREL; `undefined` = all, for a clean session). Resolves when Postgres has. */
  releaseIncoming(stream: string, messageIds?: readonly number[]): Promise<void>;
  /** Whether the QoS 2 id is open (its events are journaled and PUBREL has not come). */
  hasIncoming(stream: string, messageId: number): Promise<boolean>;
}

/** What the entities of one kind are busy with. */
export interface EntityLoad {
  /** Entities in memory. */
  readonly active: number;
  /** Entities that are being read from the journal, and those that wait for their turn to be. */
  readonly recovering: number;
  readonly recoveriesWaiting: number;
  /** Asks in all inboxes. */
  readonly asks: number;
}

export interface RequestOptions {
  /** @default 20000 */
  readonly timeoutMs?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
}

// ── Kafka ────────────────────────────────────────────────────────────────────────────────────────────────────────────

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

// ── Views that the API reads ─────────────────────────────────────────────────────────────────────────────────────────

/** A row of the device list. Times are ms since 1970. */
export interface DeviceSummary {
  readonly id: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly gateway: boolean;
  readonly via: readonly string[];
  readonly connected: boolean;
  readonly sessionEpoch: number;
  readonly registeredAt: number;
  /** Sequence of the last event that changed the registry entry: the strong ETag. */
  readonly revision: number;
}

/** Which devices are wanted. */
export interface DeviceSelection {
  readonly tenant: string;
  /** Substring of id, name or tag, case-insensitive. */
  readonly search?: string;
  /** A disabled device is in no other state. */
  readonly state?: 'online' | 'offline' | 'never' | 'disabled';
}

export interface DeviceListQuery extends DeviceSelection {
  readonly sort: 'id' | '-id' | 'name' | '-name' | 'registeredAt' | '-registeredAt';
  readonly limit: number;
  /** Sort value and id of the last row of the previous page. */
  readonly after?: { readonly value: string | number | null; readonly id: string };
}

/** How many devices of a tenant are in which state; a disabled device counts as disabled alone. */
export interface DeviceCounts {
  readonly total: number;
  readonly online: number;
  readonly offline: number;
  readonly neverSeen: number;
  readonly disabled: number;
}

/** Projection of all device streams; rebuilt from position 0. */
export interface DeviceIndex {
  list(query: DeviceListQuery): Promise<readonly DeviceSummary[]>;
  count(tenant: string): Promise<DeviceCounts>;
  /** How many devices the selection holds. */
  countMatching(selection: DeviceSelection): Promise<number>;
  /** Device that owns a token, by the token's SHA-256 (hex); for credentials that do not name their device. */
  deviceOfToken(sha256: string): Promise<{ readonly tenant: string; readonly device: string } | undefined>;
  /** Devices that were connected when the projection last heard of them: closed at start after a crash. */
  connected(
    afterTenant: string,
    afterId: string,
    limit: number,
  ): Promise<readonly { readonly tenant: string; readonly device: string; readonly sessionEpoch: number }[]>;
  /** Which of these ids belong to registered devices. */
  registered(tenant: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Resolves when the projection has passed this position (read your own write), or after `timeoutMs`. */
  caughtUp(shard: number, position: number, timeoutMs: number): Promise<void>;
}

/** A device that was refused when it tried to connect. Its name may be a stranger's claim: it need not be registered. */
export interface RefusedConnect {
  readonly device: string;
  /** Remote address of the last attempt, without the port. */
  readonly address: string;
  /** Why the last attempt was refused: a code of `errors.ts`, or a reason of the protocol such as `CLIENT_ID_INVALID`. */
  readonly code: string;
}

/** Refused connects of the last five minutes, as this node has seen them. */
export interface RefusedConnects {
  of(tenant: string, device: string): Recent<RefusedConnect> | undefined;
  /** Those whose name our authority vouches for first, each kind with the most frequent first. */
  recent(tenant: string): readonly Recent<RefusedConnect>[];
}

// ── Access of people ─────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Verifiers of passwords, each under its own SHA-256: the one secret that must neither be journaled nor relayed. The tenant's
 * events say which of them counts (ADR 0008), so a row that no event names opens nothing.
 */
export interface PasswordVerifiers {
  /** Stored before the event that names it. */
  store(tenant: string, user: string, sha256: string, verifier: string): Promise<void>;
  load(tenant: string, sha256: string): Promise<string | undefined>;
  /** Forgets all of a user's but `keep`; those of the last hour stay, their event may be on its way. */
  discard(tenant: string, user: string, keep: string | undefined): Promise<void>;
}

/** When a session or API token was used last. */
export interface CredentialUse {
  readonly tenant: string;
  readonly credential: string;
  readonly usedAt: number;
}

/** Keeps last uses over a restart. No fact: a crash forgets those of the last seconds. */
export interface CredentialUses {
  load(): Promise<readonly CredentialUse[]>;
  save(uses: readonly CredentialUse[]): Promise<void>;
}

/** Which entries of the audit are wanted; what is absent does not narrow. Times are ms since 1970, both included. */
export interface AuditQuery {
  readonly tenant: string;
  readonly principal?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly stream?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  /** The last entry of the page before. */
  readonly before?: { readonly recordedAt: number; readonly shard: number; readonly position: number } | undefined;
}

export interface AuditEntry {
  readonly event: RecordedEvent;
  /** Payload of the event that described the same thing before, for events that describe a thing as a whole. */
  readonly previous: Buffer | undefined;
}

/** What people, their tokens and the platform have done: a view of the journal, the newest first (SEC-153). */
export interface AuditLog {
  list(query: AuditQuery): Promise<readonly AuditEntry[]>;
}

// ── Certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface IssuedCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  /** Hex. */
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** `EC P-256`, `Ed25519`, `RSA 2048`, … */
  readonly keyType: string;
  /** SHA-256 of the public key's SPKI DER, hex: the same key for the same device gives the same certificate (SEC-23). */
  readonly publicKeySha256: string;
}

/** What the authority can make a key of: P-256, or RSA 2048 for devices whose TLS stack knows nothing else. */
export type NewKeyType = 'P-256' | 'RSA';

/** A key store: private key, certificate and the authority's certificate in one file (RFC 7292). */
export interface Pkcs12File {
  readonly file: Uint8Array;
  /** Opens it; random, made for this file alone. */
  readonly password: string;
}

/** A certificate with the private key that was made for it. */
export interface KeyedDeviceCertificate extends IssuedCertificate {
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  /** With an RSA key only. */
  readonly pkcs12?: Pkcs12File;
}

/** The platform's own authority. Signing runs off the event loop. */
export interface CertificateAuthority {
  /** PEM of the CA certificate. */
  readonly certificate: string;
  /** SHA-256 of its DER, lower-case hex. */
  readonly fingerprint: string;
  /** Its distinguished name, as text. */
  readonly subject: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /**
   * Checks the CSR and its proof of possession; its subject, names and extensions are ignored.
   * @throws FleetlogError `CSR_INVALID`
   */
  issueFromCsr(
    csrPem: string,
    subject: { readonly tenant: string; readonly device: string },
  ): Promise<IssuedCertificate>;
  /** Makes a key and its certificate; the key leaves in this answer and is kept nowhere. */
  issueWithKey(
    subject: { readonly tenant: string; readonly device: string },
    keyType: NewKeyType,
  ): Promise<KeyedDeviceCertificate>;
  /** SHA-256 of the public key of a CSR, checked as by `issueFromCsr`. */
  publicKeyOfCsr(csrPem: string): Promise<string>;
}
