import type pg from 'pg';

import { moveParameters, MOVED, type CheckpointMove } from '../checkpoints.js';
import { fromMilliseconds } from '../sql-time.js';
import type { ConnectionFold, PendingConnection, PendingCredential, PendingDeletion } from './connection-fold.js';

/** Array parameters from `$first` on, one for each column. */
const parameters = (first: number, types: readonly string[]): string =>
  types.map((type, index) => `$${first + index}::${type}[]`).join(', ');

/** Columns of `begunRow`, `endedRow` and `usedRow`. */
const BEGUN_TYPES = 'text text int8 int8 float8 int8 float8 text text text int2 text text'.split(' ');
const ENDED_TYPES = 'text text int8 int8 float8 text'.split(' ');
const USED_TYPES = 'text text text float8 float8'.split(' ');

/** The end of a connection may be in the same batch as its begin. */
const storeBegun = (
  first: number,
): string => `insert into device_connection (tenant, device, session_epoch, sequence, connected_at, ended_sequence,
    disconnected_at, reason, address, listener, protocol_level, client_id, credential)
  select tenant, device, session_epoch, sequence, ${fromMilliseconds('connected')}, ended_sequence,
    ${fromMilliseconds('disconnected')}, reason, address, listener, protocol_level, client_id, credential
  from unnest(${parameters(first, BEGUN_TYPES)}) as fresh (tenant, device, session_epoch, sequence, connected,
    ended_sequence, disconnected, reason, address, listener, protocol_level, client_id, credential)`;

const storeEnded = (first: number): string => `update device_connection c
  set ended_sequence = e.sequence, disconnected_at = ${fromMilliseconds('e.at')}, reason = e.reason
  from unnest(${parameters(first, ENDED_TYPES)}) as e (tenant, device, session_epoch, sequence, at, reason)
  where c.tenant = e.tenant and c.device = e.device and c.session_epoch = e.session_epoch and c.ended_sequence is null`;

const STORE_ISSUED = `insert into device_credential (tenant, device, credential, kind, serial, key_type, issued_at,
    issued_sequence, expires_at)
  select tenant, device, credential, kind, serial, key_type, ${fromMilliseconds('issued')}, sequence,
    ${fromMilliseconds('expires')}
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::int8[], $9::float8[])
    as fresh (tenant, device, credential, kind, serial, key_type, issued, sequence, expires)`;

const STORE_REVOKED = `update device_credential c
  set revoked_at = ${fromMilliseconds('r.at')}, revoked_sequence = r.sequence, revoke_reason = r.reason
  from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::int8[], $6::text[])
    as r (tenant, device, credential, at, sequence, reason)
  where c.tenant = r.tenant and c.device = r.device and c.credential = r.credential and c.revoked_at is null`;

const STORE_DELETED = `update device_credential c
  set revoked_at = ${fromMilliseconds('d.at')}, revoked_sequence = d.sequence, revoke_reason = 'DEVICE_DELETED'
  from unnest($1::text[], $2::text[], $3::float8[], $4::int8[]) as d (tenant, device, at, sequence)
  where c.tenant = d.tenant and c.device = d.device and c.issued_sequence < d.sequence
    and (c.revoked_sequence is null or c.revoked_sequence > d.sequence)`;

const storeUsed = (first: number): string => `update device_credential c
  set first_used_at = coalesce(first_used_at, ${fromMilliseconds('u.first')}), last_used_at = ${fromMilliseconds('u.last')}
  from unnest(${parameters(first, USED_TYPES)}) as u (tenant, device, credential, first, last)
  where c.tenant = u.tenant and c.device = u.device and c.credential = u.credential`;

const STORE_TOLD = `update device_credential c set told_days = t.days
  from unnest($1::text[], $2::text[], $3::text[], $4::int2[]) as t (tenant, device, credential, days)
  where c.tenant = t.tenant and c.device = t.device and c.credential = t.credential`;

const STORE_BEGUN = storeBegun(1);
const STORE_ENDED = storeEnded(1);
const STORE_USED = storeUsed(1);

/** Connections with their checkpoint, $1 to $4. Nothing here reads what another part writes. */
const STORE_CONNECTIONS = `with ${MOVED}, begun as (${storeBegun(5)} where exists (select from moved)
  ), ended as (${storeEnded(5 + BEGUN_TYPES.length)} and exists (select from moved)
  ), used as (${storeUsed(5 + BEGUN_TYPES.length + ENDED_TYPES.length)} and exists (select from moved)
  ) select from moved`;

const OF_USE: ReadonlySet<string> = new Set([
  'tenant',
  'device',
  'credential',
  'used',
] satisfies (keyof PendingCredential)[]);

/** Whether a batch says nothing of credentials but that they were used, so that `storeConnectionsAlone` stores all of it. */
export function isOfConnectionsAlone({ credentials, deletions }: ConnectionFold): boolean {
  return (
    deletions.length === 0 && credentials.every((credential) => Object.keys(credential).every((key) => OF_USE.has(key)))
  );
}

/**
 * Moves the checkpoint and stores a batch of connections alone in one statement: in a storm of reconnects a transaction of seven
 * would come some thirty times a second (bench `reconnect`).
 * @returns whether the checkpoint was at `from`; nothing is stored when it was not
 */
export async function storeConnectionsAlone(
  pool: pg.Pool,
  move: CheckpointMove,
  { connections, credentials }: ConnectionFold,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'store-connection-history',
    text: STORE_CONNECTIONS,
    values: [
      ...moveParameters(move),
      ...columnsOf(connections.flatMap(begunRow), BEGUN_TYPES.length),
      ...columnsOf(connections.flatMap(endedRow), ENDED_TYPES.length),
      ...columnsOf(credentials.flatMap(usedRow), USED_TYPES.length),
    ],
  });
  return rowCount === 1;
}

/** Stores what a batch has changed, in the transaction that moves the checkpoint: what is empty costs nothing. */
export async function storeConnectionFold(client: pg.ClientBase, fold: ConnectionFold): Promise<void> {
  const { connections, credentials, deletions } = fold;
  const store = async (name: string, text: string, rows: readonly (readonly unknown[])[]): Promise<void> => {
    const [first] = rows;
    if (first === undefined) return;
    await client.query({ name, text, values: columnsOf(rows, first.length) });
  };
  await store('store-connections-begun', STORE_BEGUN, connections.flatMap(begunRow));
  await store('store-connections-ended', STORE_ENDED, connections.flatMap(endedRow));
  await store('store-credentials-issued', STORE_ISSUED, credentials.flatMap(issuedRow));
  await store('store-credentials-revoked', STORE_REVOKED, credentials.flatMap(revokedRow));
  // One by one: of two deletions in a batch the first counts, and they are rare.
  for (const deletion of deletions) await store('store-credentials-deleted', STORE_DELETED, [deletedRow(deletion)]);
  await store('store-credentials-told', STORE_TOLD, credentials.flatMap(toldRow));
  await store('store-credentials-used', STORE_USED, credentials.flatMap(usedRow));
}

type Rows = readonly (readonly unknown[])[];

function columnsOf(rows: Rows, count: number): unknown[][] {
  return Array.from({ length: count }, (_, column) => rows.map((row) => row[column]));
}

function begunRow({ tenant, device, sessionEpoch, begin, end }: PendingConnection): Rows {
  if (begin === undefined) return [];
  const { address, listener, protocolLevel, clientId, credential } = begin.data;
  const key = [tenant, device, sessionEpoch, begin.sequence, begin.at];
  const ended = [end?.sequence ?? null, end?.at ?? null, end?.reason ?? null];
  return [[...key, ...ended, address, listener, protocolLevel, clientId, credential]];
}

function endedRow({ tenant, device, sessionEpoch, begin, end }: PendingConnection): Rows {
  if (begin !== undefined || end === undefined) return [];
  return [[tenant, device, sessionEpoch, end.sequence, end.at, end.reason]];
}

function issuedRow({ tenant, device, credential, issued }: PendingCredential): Rows {
  if (issued === undefined) return [];
  const { kind, serial, keyType, at, sequence, expiresAt } = issued;
  return [[tenant, device, credential, kind, serial ?? null, keyType ?? null, at, sequence, expiresAt ?? null]];
}

function revokedRow({ tenant, device, credential, revoked }: PendingCredential): Rows {
  return revoked === undefined ? [] : [[tenant, device, credential, revoked.at, revoked.sequence, revoked.reason]];
}

function deletedRow({ tenant, device, at, sequence }: PendingDeletion): readonly unknown[] {
  return [tenant, device, at, sequence];
}

function toldRow({ tenant, device, credential, told }: PendingCredential): Rows {
  return told === undefined ? [] : [[tenant, device, credential, told]];
}

function usedRow({ tenant, device, credential, used }: PendingCredential): Rows {
  return used === undefined ? [] : [[tenant, device, credential, used.first, used.last]];
}
