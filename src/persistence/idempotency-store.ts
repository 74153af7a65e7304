import type { IdempotencyStore } from '../actors/kernel/ports/idempotency.js';
import type { Database } from './database.js';
import { toMilliseconds } from './sql-time.js';

export interface IdempotencyStoreOptions {
  readonly database: Pick<Database, 'pool'>;
  /** One process at a time has this name, so that what an earlier life of it had in hand is in nobody's hand. */
  readonly node: string;
  /** Names this life of the node: random. */
  readonly life: string;
}

interface Row {
  readonly body_tag: string;
  readonly mine: boolean;
  readonly forsaken: boolean;
  readonly started_ms: number;
  readonly answer: Buffer | null;
}

/** Longer than any request with a body runs: what another node has had in hand for so long is in nobody's hand. */
const LONGEST_REQUEST = "interval '40 seconds'";

const BEGIN = `
  insert into idempotency (tenant, principal, request, body_tag, node, life) values ($1, $2, $3, $4, $5, $6)
  on conflict do nothing`;

const READ = `
  select body_tag, answer, ${toMilliseconds('started_at')} as started_ms, life = $5 as mine,
    (node = $4 and life <> $5) or (node <> $4 and started_at < now() - ${LONGEST_REQUEST}) as forsaken
  from idempotency where tenant = $1 and principal = $2 and request = $3`;

/** Of several that repeat a forsaken request at once, one gets it. */
const TAKE_OVER = `
  update idempotency set node = $4, life = $5 where tenant = $1 and principal = $2 and request = $3 and answer is null and life <> $5`;

export function createIdempotencyStore({ database: { pool }, node, life }: IdempotencyStoreOptions): IdempotencyStore {
  /** Requests that this life runs now; what it has begun and does not run ended without an answer. */
  const running = new Set<string>();

  return {
    async begin({ tenant, principal, request, bodyTag }) {
      const key = [tenant, principal, request];
      const name = key.join('\n');
      if (running.has(name)) return { kind: 'running' };
      running.add(name);
      let inHand = false;
      try {
        await pool.query("delete from idempotency where tenant = $1 and started_at < now() - interval '24 hours'", [
          tenant,
        ]);
        const { rowCount } = await pool.query(BEGIN, [...key, bodyTag, node, life]);
        if (rowCount === 1) {
          inHand = true;
          return { kind: 'new' };
        }
        const { rows } = await pool.query<Row>(READ, [...key, node, life]);
        const [row] = rows;
        if (row === undefined) return { kind: 'running' }; // it has grown too old between the two statements
        if (row.body_tag !== bodyTag) return { kind: 'reused' };
        if (row.answer !== null) return { kind: 'answered', answer: row.answer };
        if (!row.mine) {
          if (!row.forsaken) return { kind: 'running' };
          if ((await pool.query(TAKE_OVER, [...key, node, life])).rowCount !== 1) return { kind: 'running' };
        }
        inHand = true;
        return { kind: 'unknown', startedAt: row.started_ms };
      } finally {
        if (!inHand) running.delete(name);
      }
    },
    async finish({ tenant, principal, request }, answer) {
      const key = [tenant, principal, request];
      running.delete(key.join('\n'));
      if (answer === undefined) return;
      await pool.query('update idempotency set answer = $4 where tenant = $1 and principal = $2 and request = $3', [
        ...key,
        answer,
      ]);
    },
  };
}
