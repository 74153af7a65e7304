import type { CredentialUse, CredentialUses } from '../actors/kernel/ports/access.js';
import type { Database } from './database.js';
import { fromMilliseconds, toMilliseconds } from './sql-time.js';

export function createCredentialUses({ pool }: Database): CredentialUses {
  return {
    async load() {
      // Longer ago than any API token lives.
      const { rows } = await pool.query<CredentialUse>(
        `select tenant, credential, ${toMilliseconds('used_at')} as "usedAt" from credential_use
         where used_at > now() - interval '366 days'`,
      );
      return rows;
    },
    async save(uses) {
      await pool.query(
        `insert into credential_use (tenant, credential, used_at)
         select tenant, credential, ${fromMilliseconds('used')} from unnest($1::text[], $2::text[], $3::float8[])
           as fresh (tenant, credential, used)
         on conflict (tenant, credential) do update set used_at = greatest(credential_use.used_at, excluded.used_at)`,
        [uses.map(({ tenant }) => tenant), uses.map(({ credential }) => credential), uses.map(({ usedAt }) => usedAt)],
      );
    },
  };
}
