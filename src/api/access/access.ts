import type { CredentialUses, PasswordVerifiers } from '../../actors/kernel/ports/access.js';
import type { EntityDirectory } from '../../actors/kernel/ports/entities.js';
import type { Journal, SnapshotStore } from '../../actors/kernel/ports/journal.js';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import type { TenantCommand } from '../../actors/tenant/commands.js';
import type { TenantState } from '../../actors/tenant/state.js';
import { createAccessRegistry, type AccessRegistry } from './access-registry.js';
import { createFailedSignIns, type FailedSignIns } from './failed-sign-ins.js';
import { openLastUses, type LastUses } from './last-uses.js';
import { createPasswords, type Passwords } from './passwords.js';
import { endExpiredSessions } from './session-expiry.js';

/** What decides who is let in: shared by the routes, the authenticator and the first start. */
export interface AccessParts {
  readonly tenants: EntityDirectory<TenantCommand, TenantState>;
  readonly registry: AccessRegistry;
  readonly lastUses: LastUses;
  readonly verifiers: PasswordVerifiers;
  readonly passwords: Passwords;
  readonly failedSignIns: FailedSignIns;
}

export interface RunningAccess extends AccessParts {
  /** Once a minute by itself. */
  endExpiredSessions(): Promise<void>;
  /** Journals and saves what is kept in memory; before the tenants stop. */
  stop(): Promise<void>;
}

const EXPIRY_CHECK_MS = 60_000;

/** Starts all of it but the registry's subscription, which `main.ts` runs. */
export async function startAccess(options: {
  readonly tenants: EntityDirectory<TenantCommand, TenantState>;
  readonly journal: Pick<Journal, 'shards' | 'headOf'>;
  readonly snapshots: SnapshotStore;
  readonly verifiers: PasswordVerifiers;
  readonly uses: CredentialUses;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default scrypt as `passwords.ts` says */
  readonly passwords?: Passwords;
}): Promise<RunningAccess> {
  const { tenants, verifiers, clock, passwords = createPasswords() } = options;
  const logger = options.logger.child({ component: 'access' });
  const registry = createAccessRegistry(options);
  const lastUses = await openLastUses({ store: options.uses, logger });
  const failedSignIns = createFailedSignIns({ tenants, logger });
  const endExpired = (): Promise<void> => endExpiredSessions({ registry, tenants, lastUses, clock });
  const expiry = setInterval(() => {
    endExpired().catch((error: unknown) => logger.warn({ err: error }, 'Expired sessions could not be ended'));
  }, EXPIRY_CHECK_MS).unref();
  return {
    tenants,
    registry,
    lastUses,
    verifiers,
    passwords,
    failedSignIns,
    endExpiredSessions: endExpired,
    async stop() {
      clearInterval(expiry);
      await failedSignIns.stop();
      await lastUses.stop();
    },
  };
}
