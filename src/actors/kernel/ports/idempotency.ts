/** A request that its sender may repeat, and whose (SEC-84). */
export interface KeyedRequest {
  readonly tenant: string;
  readonly principal: string;
  /** SHA-256 of method, path and key, hex. */
  readonly request: string;
  /** Tells one body from another without telling what is in it. */
  readonly bodyTag: string;
}

/** What became of a request with this key. */
export type KeyedRequestState =
  /** It is the first one; whoever asked has it in hand now. */
  | { readonly kind: 'new' }
  /** An earlier one ended without an answer: its effect may have happened, since `startedAt` (ms since 1970). */
  | { readonly kind: 'unknown'; readonly startedAt: number }
  /** Somebody has it in hand. */
  | { readonly kind: 'running' }
  /** The key came with another body. */
  | { readonly kind: 'reused' }
  /** Bytes as given to `finish`. */
  | { readonly kind: 'answered'; readonly answer: Buffer };

/** Answers of requests with a key, for 24 hours. */
export interface IdempotencyStore {
  begin(request: KeyedRequest): Promise<KeyedRequestState>;
  /** @param answer `undefined` when there is none: a repeat finds out what has happened */
  finish(request: KeyedRequest, answer: Buffer | undefined): Promise<void>;
}
