import type pg from 'pg';

import type { DeviceSummary } from '../../actors/kernel/ports/device-index.js';
import { fromMilliseconds, toMilliseconds } from '../sql-time.js';
import type { DeviceEntry } from './device-entry.js';

/** A device within the whole platform. */
export interface DeviceKey {
  readonly tenant: string;
  readonly device: string;
}

export interface DeviceRow {
  readonly tenant: string;
  readonly id: string;
  readonly registered: boolean;
  readonly type: string | null;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly gateway: boolean;
  readonly via: readonly string[];
  readonly connected: boolean;
  readonly session_epoch: number;
  readonly connected_ms: number | null;
  readonly disconnected_ms: number | null;
  readonly disconnect_reason: string | null;
  readonly life: string;
  readonly registered_ms: number;
  readonly revision: number;
}

export const DEVICE_COLUMNS = `tenant, id, registered, type, name, tags, enabled, gateway, via, connected, session_epoch, life,
  ${toMilliseconds('connected_at')} as connected_ms, ${toMilliseconds('disconnected_at')} as disconnected_ms, disconnect_reason,
  ${toMilliseconds('registered_at')} as registered_ms, revision`;

export function toSummary(row: DeviceRow): DeviceSummary {
  const { id, type, name, tags, enabled, gateway, via, connected, revision } = row;
  return {
    ...{ id, type, name, tags, enabled, gateway, via, connected, revision },
    sessionEpoch: row.session_epoch,
    connectedAt: row.connected_ms,
    disconnectedAt: row.disconnected_ms,
    disconnectReason: row.disconnect_reason,
    registeredAt: row.registered_ms,
  };
}

/** Entries of these devices, in their order; `undefined` where there is none. */
export async function loadEntries(
  client: pg.ClientBase,
  keys: readonly DeviceKey[],
): Promise<readonly (DeviceEntry | undefined)[]> {
  const values = keyColumns(keys);
  const { rows } = await client.query<DeviceRow & { rank: number }>(
    `select wanted.rank, ${DEVICE_COLUMNS} from unnest($1::text[], $2::text[]) with ordinality as wanted(of_tenant, of_id, rank)
     join device_index on tenant = wanted.of_tenant and id = wanted.of_id`,
    values,
  );
  const { rows: tokenRows } = await client.query<{ rank: number; token_id: string; sha256: string }>(
    `select wanted.rank, token_id, sha256 from unnest($1::text[], $2::text[]) with ordinality as wanted(of_tenant, of_device, rank)
     join device_token on tenant = wanted.of_tenant and device = wanted.of_device`,
    values,
  );
  const byRank = new Map(rows.map((row) => [row.rank, row]));
  return keys.map((_key, index) => {
    const row = byRank.get(index + 1);
    if (row === undefined) return undefined;
    const tokens = tokenRows
      .filter(({ rank }) => rank === index + 1)
      .map(({ token_id, sha256 }) => [token_id, sha256] as const);
    return { summary: toSummary(row), registered: row.registered, life: row.life, tokens: new Map(tokens) };
  });
}

/** Replaces all that the index holds of these devices by their entries. */
export async function storeEntries(
  client: pg.ClientBase,
  changed: readonly (DeviceKey & { readonly entry: DeviceEntry | undefined })[],
): Promise<void> {
  const values = keyColumns(changed);
  await client.query(
    `delete from device_token t using unnest($1::text[], $2::text[]) as gone(tenant, device)
     where t.tenant = gone.tenant and t.device = gone.device`,
    values,
  );
  await client.query(
    `delete from device_index d using unnest($1::text[], $2::text[]) as gone(tenant, id)
     where d.tenant = gone.tenant and d.id = gone.id`,
    values,
  );
  const present = changed.flatMap(({ tenant, device, entry }) =>
    entry === undefined ? [] : [{ tenant, device, entry }],
  );
  await client.query(
    `insert into device_index (tenant, id, registered, type, name, tags, enabled, gateway, via, connected, session_epoch,
       connected_at, disconnected_at, disconnect_reason, life, registered_at, revision, search_text)
     select tenant, id, registered, type, name, tags, enabled, gateway, via, connected, "sessionEpoch",
       ${fromMilliseconds('"connectedAt"')}, ${fromMilliseconds('"disconnectedAt"')}, "disconnectReason",
       life, ${fromMilliseconds('"registeredAt"')}, revision, "searchText"
     from json_to_recordset($1::json) as r(tenant text, id text, registered boolean, type text, name text, tags text[],
       enabled boolean, gateway boolean, via text[], connected boolean, "sessionEpoch" bigint, "connectedAt" bigint,
       "disconnectedAt" bigint, "disconnectReason" text, life text,
       "registeredAt" bigint, revision bigint, "searchText" text)`,
    [
      JSON.stringify(
        present.map(({ tenant, entry }) => ({
          tenant,
          ...entry.summary,
          registered: entry.registered,
          life: entry.life,
          searchText: searchTextOf(entry),
        })),
      ),
    ],
  );
  const tokens = present.flatMap(({ tenant, device, entry }) =>
    [...entry.tokens].map(([tokenId, sha256]) => ({ tenant, device, tokenId, sha256 })),
  );
  await client.query(
    `insert into device_token (tenant, device, token_id, sha256)
     select tenant, device, "tokenId", sha256
     from json_to_recordset($1::json) as r(tenant text, device text, "tokenId" text, sha256 text)`,
    [JSON.stringify(tokens)],
  );
}

function keyColumns(keys: readonly DeviceKey[]): [string[], string[]] {
  return [keys.map(({ tenant }) => tenant), keys.map(({ device }) => device)];
}

function searchTextOf({ summary: { id, name, tags } }: DeviceEntry): string {
  return [id, name ?? '', ...tags].join('\n').toLowerCase();
}
