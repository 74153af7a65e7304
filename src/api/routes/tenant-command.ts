import type { Origin } from '../../actors/kernel/ports/entities.js';
import type { TenantCommand } from '../../actors/tenant/commands.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { AccessParts } from '../access/access.js';
import type { Call, PublicCall } from '../call.js';
import { doOnce, tellRecorded, type Doing } from '../request/outcome.js';

/** A credential counts, or counts no more, from the answer on; the registry is behind by milliseconds, or Postgres is away. */
const CAUGHT_UP_TIMEOUT_MS = 5000;

/** What is decided under a credential: sign-ins are what makes one, and the end of a certificate is nobody's doing. */
type CommandOfCaller = Exclude<
  TenantCommand,
  { readonly type: 'StartSession' | 'RecordFailedSignIns' | 'TellPlatformExpiry' }
>;

/** Sends a command to the caller's tenant, under the caller's credential, as `commandTenantAs`. */
export function commandTenant(access: AccessParts, call: Call, command: CommandOfCaller, doing?: Doing): Promise<void> {
  const { origin, under } = call.access;
  return commandTenantAs(access, call, origin, under === undefined ? command : { ...command, under }, doing);
}

/**
 * Sends a command to a tenant, tells in the answer where its events were journaled, and waits until the registry has them.
 * @throws Refusal, FleetlogError as `recordedBy`
 */
export async function commandTenantAs(
  { tenants, registry }: AccessParts,
  call: PublicCall,
  origin: Origin,
  command: TenantCommand,
  doing?: Doing,
): Promise<void> {
  const recorded = await doOnce(tenants, call, tenantStream(origin.tenant), command, origin, doing);
  tellRecorded(call, recorded);
  if (recorded === undefined) return;
  await registry.caughtUp(recorded.shard, recorded.position + recorded.count - 1, CAUGHT_UP_TIMEOUT_MS);
}
