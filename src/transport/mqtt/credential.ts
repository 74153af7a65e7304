import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Credential } from '../../actors/device/commands.js';
import { isIdentifier } from '../../actors/kernel/identifier.js';
import { readPeerIdentity, type PeerIdentity } from '../pki/identity.js';
import type { Peer } from './access.js';

/** Tenant of user names without one. */
const DEFAULT_TENANT = 'default';

/** Who the certificate names that the TLS layer has verified, on resumed sessions too; `undefined` = none that may be used. */
export function verifiedIdentity(socket: Socket): PeerIdentity | undefined {
  // Not `getPeerX509Certificate`: it copies the chain that came with it, which takes three times as long (bench `reconnect`).
  return socket instanceof TLSSocket && socket.authorized ? readPeerIdentity(socket.getPeerCertificate()) : undefined;
}

/** Who a CONNECT says it is, before anything of it is believed. */
export type Claim =
  | { readonly kind: 'certificate'; readonly peer: Peer; readonly credential: Credential }
  /** Without a peer when the user name names no device: the token alone finds it. */
  | { readonly kind: 'token'; readonly peer: Peer | undefined; readonly credential: TokenCredential };

type TokenCredential = Extract<Credential, { readonly kind: 'token' }>;

/**
 * Claim of user name and password: `<tenant>/<device>` or `<device>` with a token as password, or the token as user name
 * without a password (ThingsBoard's form). `undefined` = none that could be looked up.
 */
export function tokenClaim(username: string | undefined, password: Buffer | undefined): Claim | undefined {
  if (username === undefined || username === '') return undefined;
  if (password === undefined || password.length === 0) {
    return { kind: 'token', peer: undefined, credential: tokenCredential(username) };
  }
  const slash = username.indexOf('/');
  const tenant = slash === -1 ? DEFAULT_TENANT : username.slice(0, slash);
  const device = username.slice(slash + 1);
  if (!isIdentifier(tenant) || !isIdentifier(device)) return undefined;
  return { kind: 'token', peer: { tenant, device }, credential: tokenCredential(password) };
}

function tokenCredential(token: string | Buffer): TokenCredential {
  return { kind: 'token', sha256: createHash('sha256').update(token).digest('hex') };
}
