import type { Decision, DecisionContext } from '../kernel/decider.js';
import type { AddCertificate, AddToken, RevokeCertificate, RevokeToken, TellExpiry } from './commands.js';
import { expiryDue } from '../kernel/expiry.js';
import { endConnection } from './connection-decisions.js';
import type { DeviceEvent } from './events.js';
import { notFound, refuse } from './refusals.js';
import type { CertificateEntry, DeviceState } from './state.js';

type DeviceDecision = Decision<DeviceEvent>;

/** Two, so that a device can change over without an hour in which it has none (SEC-26). */
const MAX_ACTIVE_CERTIFICATES = 2;

/** The active certificate of the same key, if any: a repeated request never makes a second one (SEC-23). */
export function addCertificate(
  { certificate }: AddCertificate,
  state: DeviceState,
  { now }: DecisionContext,
): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  const active = [...state.certificates.values()].filter((entry) => isActive(entry, now));
  if (active.some((entry) => entry.publicKeySha256 === certificate.publicKeySha256)) return { events: [] };
  if (active.length >= MAX_ACTIVE_CERTIFICATES) {
    return refuse('CERTIFICATE_LIMIT', `The device has ${MAX_ACTIVE_CERTIFICATES} active certificates.`);
  }
  return { events: [{ type: 'CertificateIssued', data: certificate }] };
}

/** Idempotent. Ends the live connection in the same decision, so that nothing under this credential comes after it (SEC-151). */
export function revokeCertificate({ fingerprint, reason }: RevokeCertificate, state: DeviceState): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  const entry = state.certificates.get(fingerprint);
  if (entry === undefined) return refuse('CERTIFICATE_NOT_FOUND', 'The device has no such certificate.');
  if (entry.revokedAt !== undefined) return { events: [] };
  const revoked: DeviceEvent = { type: 'CertificateRevoked', data: { fingerprint, reason } };
  return { events: [revoked, ...endConnectionUnder(fingerprint, state)] };
}

/** SEC-33: one event per threshold. What was passed over while nobody looked is not made up for: only the nearest end counts. */
export function tellExpiry({ fingerprint }: TellExpiry, state: DeviceState, { now }: DecisionContext): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  const entry = state.certificates.get(fingerprint);
  if (entry === undefined) return refuse('CERTIFICATE_NOT_FOUND', 'The device has no such certificate.');
  const { notAfter, issuedAt: notBefore, revokedAt, toldDays = Infinity } = entry;
  const days = revokedAt === undefined ? expiryDue({ notBefore, notAfter }, now) : undefined;
  if (days === undefined || days >= toldDays) return { events: [] };
  return { events: [{ type: 'CertificateExpiring', data: { fingerprint, notAfter, days } }] };
}

export function addToken({ tokenId, sha256, expiresAt, label }: AddToken, state: DeviceState): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  const known = state.tokens.get(tokenId);
  if (known?.sha256 === sha256) return { events: [] };
  // Ids are random; two tokens under one would make it undecidable which of them a revocation means.
  if (known !== undefined) throw new Error('a token id was given twice');
  const data = {
    tokenId,
    sha256,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(label !== undefined && { label }),
  };
  return { events: [{ type: 'TokenIssued', data }] };
}

/** As `revokeCertificate`. */
export function revokeToken({ tokenId, reason }: RevokeToken, state: DeviceState): DeviceDecision {
  if (state.status !== 'registered') return notFound();
  const entry = state.tokens.get(tokenId);
  if (entry === undefined) return refuse('TOKEN_NOT_FOUND', 'The device has no such token.');
  if (entry.revokedAt !== undefined) return { events: [] };
  const revoked: DeviceEvent = { type: 'TokenRevoked', data: { tokenId, reason } };
  return { events: [revoked, ...endConnectionUnder(tokenId, state)] };
}

function isActive(entry: CertificateEntry, now: number): boolean {
  return entry.revokedAt === undefined && entry.notAfter > now;
}

function endConnectionUnder(credential: string, state: DeviceState): readonly DeviceEvent[] {
  return state.connection.credential === credential ? endConnection(state, 'CREDENTIAL_REVOKED') : [];
}
