import type { PeerCertificate } from 'node:tls';
import { isIdentifier } from '../../actors/kernel/identifier.js';

/** Who a client certificate says its holder is. The registry decides whether it counts (SEC-02). */
export interface PeerIdentity {
  readonly tenant: string;
  readonly device: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** ms since 1970. Checked at CONNECT too: a resumed TLS session does not verify again (SEC-06). */
  readonly notAfter: number;
}

const DEFAULT_TENANT = 'default';

/**
 * Reads the certificate of `tlsSocket.getPeerCertificate()` (or `X509Certificate.toLegacyObject()`): CN is the device, O the
 * tenant, `default` when there is none. `undefined` = no certificate, or a subject that is not exactly one proper name: two
 * common names come as an array, the name `+` as undefined (SEC-03, X6).
 */
export function readPeerIdentity(certificate: Partial<PeerCertificate> | undefined): PeerIdentity | undefined {
  const { subject, fingerprint256, valid_to: validTo } = certificate ?? {};
  const { CN: device, O: organization } = (subject ?? {}) as { readonly CN?: unknown; readonly O?: unknown };
  const tenant = organization ?? DEFAULT_TENANT;
  if (!isIdentifier(device) || !isIdentifier(tenant)) return undefined;
  const notAfter = Date.parse(validTo ?? '');
  if (typeof fingerprint256 !== 'string' || Number.isNaN(notAfter)) return undefined;
  return { tenant, device, fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(), notAfter };
}
