import type { TenantTokenIssued } from './events.js';

/** An API token and what became of it. */
export type TenantTokenEntry = TenantTokenIssued['data'] & {
  readonly issuedAt: number;
  /** Of the event that issued it: what the token allows is allowed by that event (SEC-150). */
  readonly sequence: number;
  readonly revokedAt?: number;
  readonly revokeReason?: string;
};

/** State of a tenant: the fold of its stream. */
export interface TenantState {
  readonly tenant: string;
  /** By token id, in the order of issue. */
  readonly tokens: Map<string, TenantTokenEntry>;
}
