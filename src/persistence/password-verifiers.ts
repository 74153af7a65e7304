import type { PasswordVerifiers } from '../actors/kernel/ports/access.js';
import type { Database } from './database.js';

export function createPasswordVerifiers({ pool }: Database): PasswordVerifiers {
  return {
    async store(tenant, user, sha256, verifier) {
      await pool.query(
        'insert into password_verifier (tenant, sha256, user_name, verifier) values ($1, $2, $3, $4) on conflict do nothing',
        [tenant, sha256, user, verifier],
      );
    },
    async load(tenant, sha256) {
      const { rows } = await pool.query<{ verifier: string }>({
        name: 'load-password-verifier',
        text: 'select verifier from password_verifier where tenant = $1 and sha256 = $2',
        values: [tenant, sha256],
      });
      return rows[0]?.verifier;
    },
    async discard(tenant, user, keep) {
      await pool.query(
        `delete from password_verifier where tenant = $1 and user_name = $2 and sha256 is distinct from $3
         and made_at < now() - interval '1 hour'`,
        [tenant, user, keep],
      );
    },
  };
}
