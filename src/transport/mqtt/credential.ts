import { createHash, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Credential } from '../../actors/device/commands.js';
import { isIdentifier } from '../../actors/kernel/identifier.js';
import type { Peer } from './access.js';

/** What a verified client certificate says. `peer` is absent when its names may not be used (SEC-03). */
export interface PresentedCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** ms since 1970. */
  readonly notAfter: number;
  readonly peer: Peer | undefined;
}

/** Tenant of certificates without an O and of user names without a tenant. */
const DEFAULT_TENANT = 'default';

/** Reads the certificate that the TLS layer has verified; `undefined` without one. Works on resumed sessions too. */
export function presentedCertificate(socket: Socket): PresentedCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate();
  // Node answers {} without a certificate, whatever its typings say.
  if (!(certificate.raw as Buffer | undefined)) return undefined;
  const { CN, O } = certificate.subject as { readonly CN?: unknown; readonly O?: unknown };
  const tenant = O ?? DEFAULT_TENANT;
  return {
    fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
    notAfter: Date.parse(new X509Certificate(certificate.raw).validTo),
    peer: isIdentifier(CN) && isIdentifier(tenant) ? { tenant, device: CN } : undefined,
  };
}

/** Who a CONNECT says it is, before anything of it is believed. */
export interface Claim {
  /** Absent when the credential names no device: the token alone finds it. */
  readonly peer: Peer | undefined;
  readonly credential: Credential;
}

/**
 * Claim of user name and password: `<tenant>/<device>` or `<device>` with a token as password, or the token as user name
 * without a password (ThingsBoard's form). `undefined` = none that could be looked up.
 */
export function tokenClaim(username: string | undefined, password: Buffer | undefined): Claim | undefined {
  if (username === undefined || username === '') return undefined;
  if (password === undefined || password.length === 0)
    return { peer: undefined, credential: tokenCredential(username) };
  const slash = username.indexOf('/');
  const tenant = slash === -1 ? DEFAULT_TENANT : username.slice(0, slash);
  const device = username.slice(slash + 1);
  if (!isIdentifier(tenant) || !isIdentifier(device)) return undefined;
  return { peer: { tenant, device }, credential: tokenCredential(password) };
}

function tokenCredential(token: string | Buffer): Credential {
  return { kind: 'token', sha256: createHash('sha256').update(token).digest('hex') };
}
