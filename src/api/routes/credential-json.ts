import type { CertificateEntry, TokenEntry } from '../../actors/device/state.js';
import type { IssuedCertificate } from '../../actors/kernel/ports/certificates.js';
import { formatRfc3339 } from '../request/rfc3339.js';

/** What ends a credential; times are ms since 1970. */
interface Validity {
  readonly expiresAt?: number | undefined;
  readonly revokedAt?: number | undefined;
  readonly revokeReason?: string | undefined;
}

/** The state of a credential at `now`, and its revocation. */
export function validityJson({ expiresAt, revokedAt, revokeReason }: Validity, now: number): object {
  if (revokedAt !== undefined) return { state: 'revoked', revokedAt: formatRfc3339(revokedAt), revokeReason };
  return { state: expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active' };
}

/**
 * Schema `Certificate`, of all certificates of a device.
 * @param lastUses by fingerprint, ms since 1970
 */
export function certificatesJson(
  entries: readonly CertificateEntry[],
  lastUses: ReadonlyMap<string, number>,
  now: number,
): readonly object[] {
  const isGood = ({ revokedAt, notAfter }: CertificateEntry): boolean => revokedAt === undefined && notAfter > now;
  /** The device has connected with a newer one. */
  const isSuperseded = (entry: CertificateEntry): boolean =>
    isGood(entry) &&
    entries.some((newer) => newer.sequence > entry.sequence && isGood(newer) && lastUses.has(newer.fingerprint));
  return entries.map((entry) => ({
    ...certificateJson(entry, now),
    superseded: isSuperseded(entry),
    lastUsedAt: timeOrNull(lastUses.get(entry.fingerprint)),
  }));
}

function timeOrNull(time: number | undefined): string | null {
  return time === undefined ? null : formatRfc3339(time);
}

function certificateJson(entry: CertificateEntry, now: number): object {
  return {
    fingerprint: entry.fingerprint,
    serial: entry.serial,
    keyType: entry.keyType,
    certificate: entry.certificate,
    notBefore: formatRfc3339(entry.notBefore),
    notAfter: formatRfc3339(entry.notAfter),
    issuedAt: formatRfc3339(entry.issuedAt),
    ...validityJson({ ...entry, expiresAt: entry.notAfter }, now),
  };
}

/** Schema `IssuedCertificate`. @param authority PEM */
export function issuedCertificateJson(issued: IssuedCertificate, authority: string, bundle?: string): object {
  const { fingerprint, certificate, serial, keyType } = issued;
  const notBefore = formatRfc3339(issued.notBefore);
  return {
    fingerprint,
    certificate,
    ca: authority,
    serial,
    keyType,
    notBefore,
    notAfter: formatRfc3339(issued.notAfter),
    bundle,
  };
}

/** Schema `DeviceToken`. The hash of the token stays inside. */
export function deviceTokenJson(entry: TokenEntry, lastUsedAt: number | undefined, now: number): object {
  return {
    id: entry.tokenId,
    label: entry.label,
    issuedAt: formatRfc3339(entry.issuedAt),
    expiresAt: entry.expiresAt === undefined ? undefined : formatRfc3339(entry.expiresAt),
    lastUsedAt: timeOrNull(lastUsedAt),
    ...validityJson(entry, now),
  };
}
