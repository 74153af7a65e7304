import type { EntityDirectory } from '../../actors/kernel/ports/entities.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import type { TenantCommand } from '../../actors/tenant/commands.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { SessionEntry, TenantState } from '../../actors/tenant/state.js';
import type { AccessRegistry } from './access-registry.js';
import { sessionStands } from './auth.js';
import type { LastUses } from './last-uses.js';

export interface SessionExpiryOptions {
  readonly registry: Pick<AccessRegistry, 'tenants' | 'ready'>;
  readonly tenants: Pick<EntityDirectory<TenantCommand, TenantState>, 'request'>;
  readonly lastUses: Pick<LastUses, 'at'>;
  readonly clock: Clock;
}

/**
 * Journals the end of sessions whose time is up. They are refused from that moment on anyway; the event says so to the audit and
 * lets the tenant forget them.
 */
export async function endExpiredSessions(options: SessionExpiryOptions): Promise<void> {
  const { registry, tenants, clock } = options;
  if (!registry.ready()) return;
  const now = clock.now();
  const due = [...registry.tenants()].flatMap((state) =>
    [...state.sessions.values()]
      .filter((session) => !sessionStands(session, options.lastUses.at(state.tenant, session.sessionId), now))
      .map((session) => ({ tenant: state.tenant, session })),
  );
  await Promise.all(
    due.map(({ tenant, session }) => tenants.request(tenantStream(tenant), endOf(session, now), originOf(tenant))),
  );
}

function endOf({ sessionId, expiresAt }: SessionEntry, now: number): TenantCommand {
  return { type: 'EndSession', sessionId, reason: expiresAt <= now ? 'EXPIRED' : 'IDLE' };
}

const originOf = (tenant: string) => ({ tenant, principal: 'system/sessions' });
