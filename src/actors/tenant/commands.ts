import type { Role, TenantTokenIssued } from './events.js';

/** Refused with `ROLE_INSUFFICIENT` when the role is above that of the creator (SEC-81). */
export type IssueTenantToken = {
  readonly type: 'IssueTenantToken';
  readonly token: TenantTokenIssued['data'];
  readonly creatorRole: Role;
};
/** Idempotent: revoking a revoked one changes nothing. */
export type RevokeTenantToken = {
  readonly type: 'RevokeTenantToken';
  readonly tokenId: string;
  readonly reason: string;
};

export type TenantCommand = IssueTenantToken | RevokeTenantToken;
