import { createHash, timingSafeEqual } from 'node:crypto';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Origin } from '../../actors/kernel/ports/entities.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { ROLES, type Role } from '../../actors/tenant/events.js';
import type { LastUses } from './last-uses.js';

/** Whether `role` reaches `required`. */
export function roleReaches(role: Role, required: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(required);
}

/** What an API token may do, as its tenant's stream says. */
export interface TokenGrant {
  readonly tenant: string;
  readonly tokenId: string;
  readonly role: Role;
  /** ms since 1970. */
  readonly expiresAt: number;
  readonly revoked: boolean;
  /** `<stream>:<sequence>` of the event that created the token (SEC-150). */
  readonly policy: string;
}

/** What a session may do: the role is that of its user now. */
export interface SessionGrant {
  readonly tenant: string;
  readonly sessionId: string;
  readonly user: string;
  readonly role: Role;
  /** ms since 1970. */
  readonly startedAt: number;
  /** ms since 1970. */
  readonly expiresAt: number;
  /** `<stream>:<sequence>` of the event that started the session (SEC-150). */
  readonly policy: string;
}

export interface CredentialLookup {
  /** @param sha256 of the token, hex. Revoked and expired tokens are found too. */
  findToken(sha256: string): TokenGrant | undefined;
  /** @param sha256 of the secret in the cookie, hex. Ended sessions are not found, expired ones are. */
  findSession(sha256: string): SessionGrant | undefined;
  /** `false` until the tenants' streams were read to the end at start: an unknown credential may still turn up. */
  ready(): boolean;
}

/** What a request shows of its caller. */
export interface Evidence {
  /** The header `Authorization`; where it is there, the cookie does not count. */
  readonly authorization: string | undefined;
  /** The secret of the session cookie. */
  readonly sessionSecret: string | undefined;
  /** The header `Fleetlog-Tenant`. */
  readonly namedTenant: string | undefined;
  /** Without the port. */
  readonly address: string | undefined;
}

/** Who calls, with which right and in which tenant. */
export interface Access {
  readonly tenant: string;
  readonly role: Role;
  readonly origin: Origin;
  /** Absent for tokens. */
  readonly session?: SessionGrant;
  /** Id of the session or API token, for the tenant's fence; absent for the administrator's token from the environment. */
  readonly under?: string;
  /** Whether the credential still stands; long answers ask again. */
  valid(): boolean;
}

export interface Authenticator {
  /**
   * @throws FleetlogError `TOKEN_MISSING`, `TOKEN_EXPIRED`, `ROLE_INSUFFICIENT` (a tenant named by a tenant's credential),
   * `JOURNAL_UNAVAILABLE`
   */
  authenticate(evidence: Evidence): Access;
}

/** Tenant of callers who name none. */
export const DEFAULT_TENANT = 'default';

/** A session that nobody has used for so long has ended (security.md §1). */
const SESSION_IDLE_MS = 8 * 60 * 60 * 1000;

/** Whether a session's times allow its use at `now`. */
export function sessionStands(
  session: Pick<SessionGrant, 'startedAt' | 'expiresAt'>,
  lastUsed: number | undefined,
  now: number,
): boolean {
  return session.expiresAt > now && Math.max(session.startedAt, lastUsed ?? 0) + SESSION_IDLE_MS > now;
}

/**
 * The administrator's token from the environment, a system token that may name a tenant; the API tokens of tenants; and the
 * sessions of their users. Nothing is compared but SHA-256 hashes, so that the time of a look-up tells nothing of a secret.
 * @param options.adminTokenSha256 hex
 */
export function createAuthenticator(options: {
  readonly adminTokenSha256: string;
  readonly registry: CredentialLookup;
  readonly lastUses: LastUses;
  readonly clock: Clock;
}): Authenticator {
  const { registry, lastUses, clock } = options;
  const adminHash = Buffer.from(options.adminTokenSha256, 'hex');
  const tokenStands = (grant: TokenGrant | undefined): boolean =>
    grant !== undefined && !grant.revoked && grant.expiresAt > clock.now();
  const grantStands = (grant: SessionGrant | undefined): boolean =>
    grant !== undefined && sessionStands(grant, lastUses.at(grant.tenant, grant.sessionId), clock.now());

  const byToken = (token: string, namedTenant: string | undefined, from: Pick<Origin, 'address'>): Access => {
    const hash = createHash('sha256').update(token).digest();
    if (timingSafeEqual(hash, adminHash)) {
      const tenant = namedTenant ?? DEFAULT_TENANT;
      const origin = { tenant, principal: 'system/admin', credential: 'environment', policy: 'environment', ...from };
      return { tenant, role: 'admin', origin, valid: () => true };
    }
    const sha256 = hash.toString('hex');
    const grant = registry.findToken(sha256);
    if (grant === undefined) throw new FleetlogError('TOKEN_MISSING', 'The token is not known.');
    if (!tokenStands(grant)) throw new FleetlogError('TOKEN_EXPIRED', 'The token has expired or was revoked.');
    const { tenant, tokenId, role, policy } = grant;
    const origin = { tenant, principal: `token/${tokenId}`, credential: tokenId, policy, ...from };
    return { tenant, role, origin, under: tokenId, valid: () => tokenStands(registry.findToken(sha256)) };
  };

  const bySession = (secret: string, from: Pick<Origin, 'address'>): Access => {
    const sha256 = sha256OfToken(secret);
    const session = registry.findSession(sha256);
    if (session === undefined || !grantStands(session)) {
      throw new FleetlogError('TOKEN_EXPIRED', 'The session has ended.');
    }
    const { tenant, sessionId, user, role, policy } = session;
    const origin = { tenant, principal: `user/${user}`, credential: sessionId, policy, ...from };
    const valid = (): boolean => grantStands(registry.findSession(sha256));
    return { tenant, role, origin, session, under: sessionId, valid };
  };

  return {
    authenticate({ authorization, sessionSecret, namedTenant, address }) {
      const from = address === undefined ? {} : { address };
      const read = (): Access =>
        authorization === undefined && sessionSecret !== undefined
          ? bySession(sessionSecret, from)
          : byToken(bearerToken(authorization), namedTenant, from);
      let access: Access;
      try {
        access = read();
      } catch (error) {
        if (registry.ready() || (authorization === undefined && sessionSecret === undefined)) throw error;
        throw new FleetlogError('JOURNAL_UNAVAILABLE', 'Tokens and sessions are still being read.', { cause: error });
      }
      if (access.under === undefined) return access;
      if (namedTenant !== undefined) {
        throw new FleetlogError('ROLE_INSUFFICIENT', 'Only a system token may name a tenant.');
      }
      lastUses.note(access.tenant, access.under, clock.now());
      return access;
    },
  };
}

/** RFC 6750 §2.1; the scheme's name may be written in any case. */
function bearerToken(authorization: string | undefined): string {
  const token = /^bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw new FleetlogError('TOKEN_MISSING', 'The request carries no bearer token.');
  return token;
}

/** @returns hex */
export function sha256OfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
