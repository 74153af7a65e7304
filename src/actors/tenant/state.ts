import type { ExpiryDays } from '../kernel/expiry.js';
import type { SessionStarted, TenantTokenIssued, UserRegistered } from './events.js';

/** An API token and what became of it. */
export type TenantTokenEntry = TenantTokenIssued['data'] & {
  readonly issuedAt: number;
  /** Of the event that issued it: what the token allows is allowed by that event (SEC-150). */
  readonly sequence: number;
  readonly revokedAt?: number;
  readonly revokeReason?: string;
};

export type UserEntry = UserRegistered['data'] & {
  readonly registeredAt: number;
  readonly passwordChangedAt: number;
  /** `undefined` while the user may sign in. */
  readonly disabledAt?: number | undefined;
  /** Sequence of the last event that changed the user. */
  readonly revision: number;
};

/** A session that has not been ended. */
export type SessionEntry = SessionStarted['data'] & {
  readonly startedAt: number;
  /** Of the event that started it: what the session allows is allowed by that event (SEC-150). */
  readonly sequence: number;
};

/** State of a tenant: the fold of its stream. */
export interface TenantState {
  readonly tenant: string;
  /** By token id, in the order of issue. */
  readonly tokens: Map<string, TenantTokenEntry>;
  /** By name. Deleted users are gone. */
  readonly users: Map<string, UserEntry>;
  /** By session id. Ended sessions are gone. */
  readonly sessions: Map<string, SessionEntry>;
  /** Of the platform's certificates, by fingerprint: days before its end at which that was told last. */
  readonly toldExpiry: Map<string, ExpiryDays>;
}
