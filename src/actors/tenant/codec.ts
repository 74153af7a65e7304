import { createJsonCodec } from '../kernel/json-codec.js';
import type { TenantEvent } from './events.js';
import type { TenantState, TenantTokenEntry } from './state.js';

interface TenantSnapshot {
  readonly tenant: string;
  readonly tokens: readonly TenantTokenEntry[];
}

/** Bytes of a tenant's events (payload schemas in `schemas/`) and of its snapshot. */
export const tenantCodec = createJsonCodec<TenantEvent, TenantState>({
  versions: { TenantTokenIssued: 1, TenantTokenRevoked: 1 },
  upcasters: {},
  snapshotVersion: 1,
  toSnapshot: ({ tenant, tokens }): TenantSnapshot => ({ tenant, tokens: [...tokens.values()] }),
  fromSnapshot(value) {
    const { tenant, tokens } = value as TenantSnapshot;
    return { tenant, tokens: new Map(tokens.map((entry) => [entry.tokenId, entry])) };
  },
});
