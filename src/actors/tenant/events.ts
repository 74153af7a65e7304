import type { DomainEvent } from '../kernel/decider.js';

/** What an API token may do; each role may do what those before it may. */
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
    /** Principal of the creator: `token/<id>`, `system/<part>`. */
    readonly createdBy: string;
  }
>;
export type TenantTokenRevoked = DomainEvent<
  'TenantTokenRevoked',
  { readonly tokenId: string; readonly reason: string }
>;

export type TenantEvent = TenantTokenIssued | TenantTokenRevoked;

/** Stream key of a tenant. */
export function tenantStream(tenant: string): string {
  return `tenant/${tenant}`;
}
