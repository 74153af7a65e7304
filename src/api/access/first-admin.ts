import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Origin } from '../../actors/kernel/ports/entities.js';
import type { TenantCommand } from '../../actors/tenant/commands.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { AccessParts } from './access.js';
import { DEFAULT_TENANT } from './auth.js';
import { generatePassword } from './first-password.js';
import { checkPassword, storePassword } from './password-check.js';

/** What a person who starts the server has to know to sign in. */
export interface FirstAdmin {
  readonly name: string;
  /** Where the password comes from: `generated` = `password` is it, shown this once. */
  readonly source: 'generated' | 'environment' | 'earlier';
  readonly password?: string;
}

const NAME = 'admin';
const CAUGHT_UP_TIMEOUT_MS = 5_000;
const STREAM = tenantStream(DEFAULT_TENANT);
const ORIGIN: Origin = { tenant: DEFAULT_TENANT, principal: 'system/start', policy: 'environment' };

/**
 * Makes sure that somebody can sign in: at the first start the user `admin` is registered, with the given password or a generated
 * one. A given password counts at later starts too, so that a forgotten one can be replaced.
 * @param given of FLEETLOG_ADMIN_PASSWORD
 * @throws FleetlogError `JOURNAL_UNAVAILABLE` when the user can not be journaled
 */
export async function ensureFirstAdmin(access: AccessParts, given: string | undefined): Promise<FirstAdmin> {
  const { tenants } = access;
  const { user, anybody } = await tenants.query(STREAM, ({ users }) => ({
    user: users.get(NAME),
    anybody: users.size > 0,
  }));
  if (given === undefined && anybody) return { name: NAME, source: 'earlier' };
  if (given !== undefined && user !== undefined) {
    if (!(await checkPassword(access, DEFAULT_TENANT, user.verifierSha256, given))) {
      const verifierSha256 = await storePassword(access, DEFAULT_TENANT, NAME, given);
      await record(access, { type: 'UpdateUser', name: NAME, verifierSha256 });
      await access.verifiers.discard(DEFAULT_TENANT, NAME, verifierSha256);
    }
    return { name: NAME, source: 'environment' };
  }
  const password = given ?? generatePassword();
  const verifierSha256 = await storePassword(access, DEFAULT_TENANT, NAME, password);
  await record(access, { type: 'RegisterUser', name: NAME, role: 'admin', verifierSha256 });
  return given === undefined ? { name: NAME, source: 'generated', password } : { name: NAME, source: 'environment' };
}

/** Journals the command and waits until sign-ins are checked against it. */
async function record({ tenants, registry }: AccessParts, command: TenantCommand): Promise<void> {
  const outcome = await tenants.request(STREAM, command, ORIGIN);
  if (outcome.kind !== 'accepted')
    throw new FleetlogError('JOURNAL_UNAVAILABLE', 'The first admin could not be registered; start again.');
  const { recorded } = outcome;
  if (recorded) await registry.caughtUp(recorded.shard, recorded.position + recorded.count - 1, CAUGHT_UP_TIMEOUT_MS);
}
