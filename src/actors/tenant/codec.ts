import { createJsonCodec } from '../kernel/json-codec.js';
import { TENANT_EVENT_VERSIONS, type TenantEvent } from './events.js';
import type { ExpiryDays } from '../kernel/expiry.js';
import type { SessionEntry, TenantState, TenantTokenEntry, UserEntry } from './state.js';

interface TenantSnapshot {
  readonly tenant: string;
  readonly tokens: readonly TenantTokenEntry[];
  readonly users: readonly UserEntry[];
  readonly sessions: readonly SessionEntry[];
  readonly toldExpiry: readonly (readonly [fingerprint: string, days: ExpiryDays])[];
}

/** Bytes of a tenant's events (payload schemas in `schemas/`) and of its snapshot. */
export const tenantCodec = createJsonCodec<TenantEvent, TenantState>({
  versions: TENANT_EVENT_VERSIONS,
  upcasters: {},
  snapshotVersion: 3,
  toSnapshot: ({ tenant, tokens, users, sessions, toldExpiry }): TenantSnapshot => ({
    tenant,
    tokens: [...tokens.values()],
    users: [...users.values()],
    sessions: [...sessions.values()],
    toldExpiry: [...toldExpiry],
  }),
  fromSnapshot(value) {
    const { tenant, tokens, users, sessions, toldExpiry } = value as TenantSnapshot;
    return {
      tenant,
      tokens: new Map(tokens.map((entry) => [entry.tokenId, entry])),
      users: new Map(users.map((entry) => [entry.name, entry])),
      sessions: new Map(sessions.map((entry) => [entry.sessionId, entry])),
      toldExpiry: new Map(toldExpiry),
    };
  },
});
