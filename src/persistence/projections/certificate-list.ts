import type pg from 'pg';

import type {
  CertificatePlace,
  CertificateQuery,
  CertificateRecord,
  CertificateState,
} from '../../actors/kernel/ports/connection-history.js';
import { fromMilliseconds, toMilliseconds } from '../sql-time.js';

interface CertificateRow {
  readonly credential: string;
  readonly device: string;
  readonly serial: string;
  readonly key_type: string;
  readonly issued_ms: number;
  readonly expires_ms: number;
  readonly state: CertificateState;
  readonly revoked_ms: number | null;
  readonly revoke_reason: string | null;
  readonly revoked_sequence: number | null;
  readonly used_ms: number | null;
}

/** `$2` is now. Two certificates of a device are valid at most, so that the look for a newer one is short. */
const STATE = `case
    when c.revoked_at is not null then 'revoked'
    when c.expires_at <= ${fromMilliseconds('$2::float8')} then 'expired'
    when exists (select from device_credential newer where newer.tenant = c.tenant and newer.device = c.device
      and newer.kind = 'certificate' and newer.issued_sequence > c.issued_sequence and newer.revoked_at is null
      and newer.expires_at > ${fromMilliseconds('$2::float8')} and newer.first_used_at is not null) then 'superseded'
    else 'active' end`;

const SELECTED = `from (
    select c.tenant, credential, device, serial, key_type, expires_at, ${STATE} as state,
      ${toMilliseconds('issued_at')} as issued_ms, ${toMilliseconds('expires_at')} as expires_ms,
      ${toMilliseconds('revoked_at')} as revoked_ms, revoke_reason, revoked_sequence, ${toMilliseconds('last_used_at')} as used_ms
    from device_credential c where c.tenant = $1 and kind = 'certificate'
  ) as certificate
  where ($3::text is null or state = $3)
    and ($4::text is null or device = $4)
    and ($5::float8 is null or expires_at <= ${fromMilliseconds('$5::float8')})`;

const LIST = `select * ${SELECTED}
    and ($6::float8 is null or (expires_at, credential) > (${fromMilliseconds('$6::float8')}, $7::text))
  order by expires_at, credential limit $8`;

/** A page of a tenant's certificates, those that end first first. */
export async function listCertificates(pool: pg.Pool, query: CertificateQuery): Promise<readonly CertificateRecord[]> {
  const { tenant, now, state, device, notAfterUntil, limit, after } = query;
  const { rows } = await pool.query<CertificateRow>(LIST, [
    ...[tenant, now, state, device, notAfterUntil],
    ...[after?.notAfter, after?.fingerprint, limit],
  ]);
  return rows.map((row) => ({
    fingerprint: row.credential,
    device: row.device,
    serial: row.serial,
    keyType: row.key_type,
    issuedAt: row.issued_ms,
    notAfter: row.expires_ms,
    state: row.state,
    revokedAt: row.revoked_ms,
    revokeReason: row.revoke_reason,
    revokedSequence: row.revoked_sequence,
    lastUsedAt: row.used_ms,
  }));
}

/** As `ConnectionHistory.countCertificates`. */
export async function countCertificates(
  pool: pg.Pool,
  { tenant, now, state, device, notAfterUntil }: Omit<CertificateQuery, 'limit' | 'after'>,
): Promise<number> {
  const text = `select count(*)::int as count ${SELECTED}`;
  const { rows } = await pool.query<{ readonly count: number }>(text, [tenant, now, state, device, notAfterUntil]);
  return rows[0]?.count ?? 0;
}

const SUPERSEDED = `select distinct c.tenant, c.device, c.credential as fingerprint
  from device_credential c
  join device_credential newer on newer.tenant = c.tenant and newer.device = c.device and newer.kind = 'certificate'
    and newer.issued_sequence > c.issued_sequence and newer.revoked_at is null
    and newer.expires_at > ${fromMilliseconds('$2::float8')} and newer.first_used_at <= ${fromMilliseconds('$1::float8')}
  where c.kind = 'certificate' and c.revoked_at is null and c.expires_at > ${fromMilliseconds('$2::float8')}
  order by c.tenant, c.device, fingerprint limit $3`;

/** As `ConnectionHistory.supersededSince`. */
export async function listSuperseded(
  pool: pg.Pool,
  usedUntil: number,
  now: number,
  limit: number,
): Promise<readonly CertificatePlace[]> {
  const { rows } = await pool.query<CertificatePlace>(SUPERSEDED, [...[usedUntil, now, limit]]);
  return rows;
}

const EXPIRING = `select tenant, device, fingerprint from (
    select c.tenant, c.device, credential as fingerprint, issued_at, expires_at, told_days, ${STATE} as state,
      case when expires_at <= ${fromMilliseconds('$2::float8')} + interval '1 day' then 1
        when expires_at <= ${fromMilliseconds('$2::float8')} + interval '7 days' then 7 else 30 end as due
    from device_credential c
    where kind = 'certificate' and revoked_at is null
      and expires_at <= ${fromMilliseconds('$2::float8')} + interval '30 days'
  ) certificate
  where state = 'active' and (told_days is null or told_days > due)
    and expires_at - make_interval(days => due) >= issued_at
    and ($1::text is null or (tenant, device, fingerprint) > ($1, $3::text, $4::text))
  order by tenant, device, fingerprint limit $5`;

/** As `ConnectionHistory.expiringUntold`. */
export async function listExpiringUntold(
  pool: pg.Pool,
  now: number,
  after: CertificatePlace | undefined,
  limit: number,
): Promise<readonly CertificatePlace[]> {
  const place = [after?.tenant, now, after?.device, after?.fingerprint];
  const { rows } = await pool.query<CertificatePlace>(EXPIRING, [...place, limit]);
  return rows;
}
