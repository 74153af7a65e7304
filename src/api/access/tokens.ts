import { Refusal } from '../problem.js';
import { parseRfc3339 } from '../request/rfc3339.js';

/**
 * A token and its public id (SEC-11, SEC-81): 32 random bytes behind a prefix that tells scanners of leaked secrets what it is.
 * @param prefix `flt_` for the API, `fld_` for devices
 */
export function newToken(
  prefix: 'flt_' | 'fld_',
  randomBytes: (size: number) => Buffer,
): { readonly tokenId: string; readonly token: string } {
  const token = `${prefix}${randomBytes(32).toString('base64url')}`;
  return { tokenId: newPublicId(randomBytes), token };
}

const PUBLIC_ID_BYTES = 9;

/**
 * The id that names a token or a session in addresses, logs and commands: 12 characters of base64url. It never begins with `-`,
 * which a command line would take for an option (`fleetlog session end ID`); such bytes are drawn again.
 */
export function newPublicId(randomBytes: (size: number) => Buffer): string {
  for (;;) {
    const id = randomBytes(PUBLIC_ID_BYTES).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

/**
 * @param text RFC 3339, as the contract has checked
 * @param latest last time allowed, ms since 1970
 * @returns ms since 1970
 * @throws Refusal `PAYLOAD_INVALID` for a time that is past or too late
 */
export function readExpiry(text: string, now: number, latest = Infinity): number {
  const expiresAt = parseRfc3339(text);
  if (expiresAt > now && expiresAt <= latest) return expiresAt;
  const message = expiresAt <= now ? 'The time of expiry has passed.' : 'The time of expiry is too far away.';
  throw new Refusal('PAYLOAD_INVALID', message, {
    errors: [{ pointer: '/expiresAt', code: 'PAYLOAD_INVALID', message }],
  });
}
