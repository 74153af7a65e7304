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
  /** As `Append.patient`. */
  readonly patient?: boolean;
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
  /** As `Append.patient`. @default false */
  readonly patient?: boolean;
  /** Called with the outcome of a request that had timed out by then. Must not throw. */
  readonly late?: (outcome: Outcome) => void;
}
