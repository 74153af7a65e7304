import type { CredentialUse, CredentialUses } from '../../actors/kernel/ports/access.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';

/** When each session and API token was used last. */
export interface LastUses {
  /** @returns ms since 1970 */
  at(tenant: string, credential: string): number | undefined;
  note(tenant: string, credential: string, now: number): void;
  stop(): Promise<void>;
}

/** How much of it a crash may forget. */
const SAVE_MS = 30_000;

/**
 * Keeps last uses in memory and saves what is new every half minute. They are no events: one per request would drown the journal,
 * and nothing hangs on a few seconds of them.
 */
export async function openLastUses(options: {
  readonly store: CredentialUses;
  readonly logger: Logger;
  /** @default 30000 */
  readonly saveMs?: number;
}): Promise<LastUses> {
  const { store, logger, saveMs = SAVE_MS } = options;
  const keyOf = (tenant: string, credential: string): string => `${tenant}/${credential}`;
  const uses = new Map((await store.load()).map((use) => [keyOf(use.tenant, use.credential), use]));
  let fresh = new Map<string, CredentialUse>();

  const save = async (): Promise<void> => {
    if (fresh.size === 0) return;
    const batch = fresh;
    fresh = new Map();
    try {
      await store.save([...batch.values()]);
    } catch (error) {
      fresh = new Map([...batch, ...fresh]);
      logger.debug({ err: error }, 'Last uses of credentials could not be saved; they are tried again');
    }
  };
  const timer = setInterval(() => void save(), saveMs).unref();

  return {
    at: (tenant, credential) => uses.get(keyOf(tenant, credential))?.usedAt,
    note(tenant, credential, usedAt) {
      const use = { tenant, credential, usedAt };
      uses.set(keyOf(tenant, credential), use);
      fresh.set(keyOf(tenant, credential), use);
    },
    async stop() {
      clearInterval(timer);
      await save();
    },
  };
}
