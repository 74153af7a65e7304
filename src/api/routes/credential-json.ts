import type { CertificateEntry, TokenEntry } from '../../actors/device/state.js';
import type { IssuedCertificate } from '../../actors/kernel/ports.js';
import { formatRfc3339 } from '../rfc3339.js';

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

/** Schema `Certificate`. */
export function certificateJson(entry: CertificateEntry, now: number): object {
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
export function deviceTokenJson(entry: TokenEntry, now: number): object {
  return {
    id: entry.tokenId,
    label: entry.label,
    issuedAt: formatRfc3339(entry.issuedAt),
    expiresAt: entry.expiresAt === undefined ? undefined : formatRfc3339(entry.expiresAt),
    ...validityJson(entry, now),
  };
}
