import type { RecordedEvent } from './journal.js';

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
