import { createHash, timingSafeEqual } from 'node:crypto';
import { FleetlogError } from '../actors/kernel/errors.js';
import type { Clock, Origin } from '../actors/kernel/ports.js';
import { ROLES, type Role } from '../actors/tenant/events.js';

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

export interface TokenLookup {
  /** @param sha256 of the token, hex. Revoked and expired tokens are found too. */
  find(sha256: string): TokenGrant | undefined;
  /** `false` until the tenants' streams were read to the end at start: an unknown token may still turn up. */
  ready(): boolean;
}

/** Who calls, with which right and in which tenant. */
export interface Access {
  readonly tenant: string;
  readonly role: Role;
  readonly origin: Origin;
  /** Whether the credential still stands; long answers ask again. */
  valid(): boolean;
}

export interface Authenticator {
  /**
   * @param address of the caller, without the port
   * @throws FleetlogError `TOKEN_MISSING`, `TOKEN_EXPIRED`, `ROLE_INSUFFICIENT` (a tenant named by a tenant's token), `JOURNAL_UNAVAILABLE`
   */
  authenticate(authorization: string | undefined, namedTenant: string | undefined, address: string | undefined): Access;
}

/** Tenant of callers who name none. */
const DEFAULT_TENANT = 'default';

/**
 * Bearer tokens only: the administrator's token from the environment, a system token that may name a tenant, and the API
 * tokens of tenants. Nothing is compared but SHA-256 hashes, so that the time of a look-up tells nothing of a token.
 * @param options.adminTokenSha256 hex
 */
export function createAuthenticator(options: {
  readonly adminTokenSha256: string;
  readonly tokens: TokenLookup;
  readonly clock: Clock;
}): Authenticator {
  const { tokens, clock } = options;
  const adminHash = Buffer.from(options.adminTokenSha256, 'hex');
  const stands = (grant: TokenGrant | undefined): grant is TokenGrant =>
    grant !== undefined && !grant.revoked && grant.expiresAt > clock.now();

  return {
    authenticate(authorization, namedTenant, address) {
      const hash = createHash('sha256').update(bearerToken(authorization)).digest();
      const from = address === undefined ? {} : { address };
      if (timingSafeEqual(hash, adminHash)) {
        const tenant = namedTenant ?? DEFAULT_TENANT;
        const origin = { tenant, principal: 'system/admin', credential: 'environment', policy: 'environment', ...from };
        return { tenant, role: 'admin', origin, valid: () => true };
      }
      const sha256 = hash.toString('hex');
      const grant = tokens.find(sha256);
      if (grant === undefined && !tokens.ready()) {
        throw new FleetlogError('JOURNAL_UNAVAILABLE', 'The API tokens are still being read.');
      }
      if (grant === undefined) throw new FleetlogError('TOKEN_MISSING', 'The token is not known.');
      if (!stands(grant)) throw new FleetlogError('TOKEN_EXPIRED', 'The token has expired or was revoked.');
      if (namedTenant !== undefined) {
        throw new FleetlogError('ROLE_INSUFFICIENT', 'Only a system token may name a tenant.');
      }
      const { tenant, tokenId, role, policy } = grant;
      const origin = { tenant, principal: `token/${tokenId}`, credential: tokenId, policy, ...from };
      return { tenant, role, origin, valid: () => stands(tokens.find(sha256)) };
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
