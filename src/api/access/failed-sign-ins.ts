import type { EntityDirectory } from '../../actors/kernel/ports/entities.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import type { TenantCommand } from '../../actors/tenant/commands.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { TenantState } from '../../actors/tenant/state.js';

/** Journals failed sign-ins, one event per account, address and minute with their count (SEC-153). */
export interface FailedSignIns {
  /** @param user absent for a name that no user has: what is typed there may be a password */
  note(tenant: string, user: string | undefined, address: string | undefined): void;
  /** Journals what is counted so far. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

interface Count {
  readonly tenant: string;
  readonly user: string | undefined;
  readonly address: string | undefined;
  count: number;
}

const MINUTE_MS = 60_000;
/** Events a minute; what comes from still more places is counted together. */
const MAX_PLACES = 500;

export function createFailedSignIns(options: {
  readonly tenants: Pick<EntityDirectory<TenantCommand, TenantState>, 'request'>;
  readonly logger: Logger;
  /** @default 60000 */
  readonly everyMs?: number;
}): FailedSignIns {
  const { tenants, logger, everyMs = MINUTE_MS } = options;
  let counts = new Map<string, Count>();

  const journal = async ({ tenant, user, address, count }: Count): Promise<void> => {
    const from = { ...(user !== undefined && { user }), ...(address !== undefined && { address }) };
    const origin = { tenant, principal: 'system/sign-in', ...(address !== undefined && { address }) };
    const command = { type: 'RecordFailedSignIns', failures: { ...from, count } } as const;
    const outcome = await tenants.request(tenantStream(tenant), command, origin);
    if (outcome.kind === 'accepted') return;
    logger.warn({ tenant, user, address, count, outcome: outcome.kind }, 'Failed sign-ins could not be journaled');
  };
  const flush = async (): Promise<void> => {
    const due = [...counts.values()];
    counts = new Map();
    await Promise.all(due.map(journal));
  };
  const timer = setInterval(() => void flush(), everyMs).unref();

  return {
    note(tenant, user, address) {
      const key = JSON.stringify([tenant, user, address]);
      const crowded = counts.size >= MAX_PLACES && !counts.has(key);
      const place = crowded ? { tenant, user: undefined, address: undefined } : { tenant, user, address };
      const kept = crowded ? JSON.stringify([tenant]) : key;
      const entry = counts.get(kept) ?? { ...place, count: 0 };
      entry.count += 1;
      counts.set(kept, entry);
    },
    flush,
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
