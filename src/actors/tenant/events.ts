import type { DomainEvent } from '../kernel/decider.js';
import type { ExpiryDays } from '../kernel/expiry.js';

/** What a user or an API token may do; each role may do what those before it may. */
export type Role = 'viewer' | 'operator' | 'admin';

/** Lowest first. */
export const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

export type TenantTokenIssued = DomainEvent<
  'TenantTokenIssued',
  {
    readonly tokenId: string;
    /** Of the token itself, hex; the token is kept nowhere. */
    readonly sha256: string;
    readonly role: Role;
    readonly label?: string;
    /** ms since 1970. */
    readonly expiresAt: number;
    /** Principal of the creator: `user/<name>`, `token/<id>`, `system/<part>`. */
    readonly createdBy: string;
  }
>;
export type TenantTokenRevoked = DomainEvent<
  'TenantTokenRevoked',
  { readonly tokenId: string; readonly reason: string }
>;

export type UserRegistered = DomainEvent<
  'UserRegistered',
  {
    readonly name: string;
    readonly role: Role;
    /**
     * SHA-256 of the password's verifier, hex. The verifier itself (a salted scrypt hash) is a secret and stays in a table of its
     * own under this name; the event says which one counts (ADR 0008).
     */
    readonly verifierSha256: string;
  }
>;
/** Ends all sessions of the user. */
export type UserPasswordChanged = DomainEvent<
  'UserPasswordChanged',
  { readonly name: string; readonly verifierSha256: string }
>;
/** Ends all sessions of the user. */
export type UserRoleChanged = DomainEvent<
  'UserRoleChanged',
  { readonly name: string; readonly from: Role; readonly to: Role }
>;
/** Ends all sessions of the user, who may not sign in until enabled again. */
export type UserDisabled = DomainEvent<'UserDisabled', { readonly name: string }>;
/** What the user had before, sessions and API tokens, stays ended. */
export type UserEnabled = DomainEvent<'UserEnabled', { readonly name: string }>;
/** Ends all sessions of the user. */
export type UserDeleted = DomainEvent<'UserDeleted', { readonly name: string }>;

export type SessionStarted = DomainEvent<
  'SessionStarted',
  {
    /** Public name of the session; the secret in the cookie is another. */
    readonly sessionId: string;
    /** Of the secret in the cookie, hex; the secret is kept nowhere. */
    readonly sha256: string;
    readonly user: string;
    /** ms since 1970. */
    readonly expiresAt: number;
    readonly address?: string;
    /** What the browser says it is, cut to 256 characters. */
    readonly userAgent?: string;
  }
>;
export type SessionEndReason = 'SIGNED_OUT' | 'ENDED_BY_USER' | 'REPLACED' | 'IDLE' | 'EXPIRED';
export type SessionEnded = DomainEvent<
  'SessionEnded',
  { readonly sessionId: string; readonly user: string; readonly reason: SessionEndReason }
>;
/** Failed sign-ins of one account from one address within one minute. */
export type SignInFailed = DomainEvent<
  'SignInFailed',
  {
    /** Absent for names that no user has: what is typed there may be a password. */
    readonly user?: string;
    readonly address?: string;
    readonly count: number;
  }
>;

/** Once per threshold and certificate (SEC-33); in the tenant `default`. */
export type PlatformCertificateExpiring = DomainEvent<
  'PlatformCertificateExpiring',
  {
    readonly of: 'authority' | 'server';
    /** SHA-256 of the DER, lower-case hex. */
    readonly fingerprint: string;
    readonly notAfter: number;
    /** Less is left. */
    readonly days: ExpiryDays;
  }
>;

export type TenantEvent =
  | TenantTokenIssued
  | TenantTokenRevoked
  | UserRegistered
  | UserPasswordChanged
  | UserRoleChanged
  | UserDisabled
  | UserEnabled
  | UserDeleted
  | SessionStarted
  | SessionEnded
  | SignInFailed
  | PlatformCertificateExpiring;

/** Schema version of each event type. */
export const TENANT_EVENT_VERSIONS: Readonly<Record<TenantEvent['type'], number>> = {
  TenantTokenIssued: 1,
  TenantTokenRevoked: 1,
  UserRegistered: 1,
  UserPasswordChanged: 1,
  UserRoleChanged: 1,
  UserDisabled: 1,
  UserEnabled: 1,
  UserDeleted: 1,
  SessionStarted: 1,
  SessionEnded: 1,
  SignInFailed: 1,
  PlatformCertificateExpiring: 1,
};

/** Stream key of a tenant. */
export function tenantStream(tenant: string): string {
  return `tenant/${tenant}`;
}
