import type { AccessParts } from './access.js';
import { sha256OfToken } from './auth.js';

/**
 * Seals a password and stores its verifier, before the event that names it: an event without its verifier would lock its user out,
 * a verifier without an event opens nothing.
 * @returns the SHA-256 of the verifier, hex, which the event carries
 */
export async function storePassword(
  { passwords, verifiers }: Pick<AccessParts, 'passwords' | 'verifiers'>,
  tenant: string,
  user: string,
  password: string,
): Promise<string> {
  const verifier = await passwords.seal(password);
  const sha256 = sha256OfToken(verifier);
  await verifiers.store(tenant, user, sha256, verifier);
  return sha256;
}

/**
 * Whether this is the password that the tenant's stream says. A row that does not have the hash which the event names was
 * changed by somebody else, and opens nothing.
 * @param verifierSha256 absent for a user who does not exist; that takes the same time
 */
export async function checkPassword(
  { passwords, verifiers }: Pick<AccessParts, 'passwords' | 'verifiers'>,
  tenant: string,
  verifierSha256: string | undefined,
  password: string,
): Promise<boolean> {
  const kept = await verifiers.load(tenant, verifierSha256 ?? '');
  const verifier = kept !== undefined && sha256OfToken(kept) === verifierSha256 ? kept : undefined;
  return passwords.matches(password, verifier);
}
