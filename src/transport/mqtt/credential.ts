import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket, type PeerCertificate } from 'node:tls';
import type { Credential } from '../../actors/device/commands.js';
import { isIdentifier } from '../../actors/kernel/identifier.js';
import { readPeerIdentity, type PeerIdentity } from '../pki/identity.js';
import type { Peer } from './access.js';
import type { ConnectRefusal } from './refused-connects.js';

/** Tenant of user names without one. */
const DEFAULT_TENANT = 'default';

/** What a handshake with a client certificate has shown. */
export type HandshakeFinding =
  /** The certificate is one of ours; without an identity it names nobody that there could be. */
  | { readonly kind: 'verified'; readonly identity: PeerIdentity | undefined }
  /** The client sent no certificate, or one that does not verify. */
  | { readonly kind: 'untrusted'; readonly refusal: ConnectRefusal };

/**
 * Looks at the client's certificate, on resumed sessions too: that of a client that sent none counts as authorized in Node.
 * Once per connection, since Node makes an object of some twenty members of it, and not by `getPeerX509Certificate`, which copies
 * the chain that came with it and takes three times as long (bench `reconnect`).
 */
export function examineHandshake(socket: TLSSocket): HandshakeFinding {
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate>;
  const identity = readPeerIdentity(certificate);
  if (socket.authorized && certificate.raw !== undefined) return { kind: 'verified', identity };
  const refusal: ConnectRefusal = {
    peer: identity && { tenant: identity.tenant, device: identity.device },
    // Its signature may be anybody's: of several faults OpenSSL tells the last one.
    isVouched: false,
    address: plainAddress(socket),
    code:
      certificate.raw === undefined
        ? 'CERTIFICATE_MISSING'
        : isExpired(socket)
          ? 'CREDENTIAL_EXPIRED'
          : 'CERTIFICATE_UNTRUSTED',
  };
  return { kind: 'untrusted', refusal };
}

/** Whom the client's certificate names where one is welcome but not needed; `undefined` = none that may be used. */
export function verifiedIdentity(socket: Socket): PeerIdentity | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const finding = examineHandshake(socket);
  return finding.kind === 'verified' ? finding.identity : undefined;
}

/** Node's typing knows an Error here, Node gives OpenSSL's name of the fault. */
function isExpired({ authorizationError }: TLSSocket): boolean {
  return String(authorizationError) === 'CERT_HAS_EXPIRED';
}

/** Remote address without the port, an IPv4 one as such. */
export function plainAddress({ remoteAddress }: Socket): string {
  return (remoteAddress ?? '').replace(/^::ffff:/, '');
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
