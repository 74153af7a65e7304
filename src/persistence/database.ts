import { Socket } from 'node:net';
import pg from 'pg';

import { FleetlogError } from '../actors/kernel/errors.js';
import type { Logger } from '../actors/kernel/ports/surroundings.js';

export interface DatabaseOptions {
  /** `postgres://…`, a secret. */
  readonly url: string;
  readonly log: Logger;
  /** Connections for reads, snapshots and projections; the journal's writer has its own. @default 8 */
  readonly poolSize?: number;
  /** Server-side limit of one statement, ms. @default 10000 */
  readonly statementTimeoutMs?: number;
  /** How long opening a connection, or waiting for a free one, may take, ms. @default 5000 */
  readonly connectTimeoutMs?: number;
}

/** One Postgres: a pool for short statements, and connections of one's own for writer and migrations. */
export interface Database {
  readonly pool: pg.Pool;
  readonly statementTimeoutMs: number;
  /** How many statements wait while no connection of the pool has come free for a while; 0 while they do. */
  starved(): number;
  /** Opens a connection that the caller owns and ends. Its loss shows as an event `end`, never as an uncaught error. */
  connect(): Promise<OwnConnection>;
  /** Ends the pool; waits for statements that run. */
  stop(): Promise<void>;
}

export interface OwnConnection {
  readonly client: pg.Client;
  /** Cuts it at once, without the farewell that a silent network would never answer. */
  destroy(): void;
}

const INT8_OID = 20;

/** Oldest major version whose features the migrations use (row triggers on partitions, numeric `extract`). */
const OLDEST_SERVER = 140_000;

/**
 * Opens the pool and checks that this server can keep the promise: version, `fsync`, `full_page_writes`,
 * `synchronous_commit` (P14).
 * @throws FleetlogError with one sentence when it can't be reached or may lose acknowledged events
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { log } = options;
  const config = clientConfig(options);
  // P12: giving up on the client's side is harmless here, nothing that goes through the pool depends on its outcome.
  const pool = new pg.Pool({ ...config, max: options.poolSize ?? 8, query_timeout: config.statement_timeout + 2_000 });
  // P10: without these listeners the loss of an idle or a checked-out connection ends the process.
  pool.on('error', (error) => {
    // `end` does not wait for the farewell: a Postgres that stops right after it may still cut a connection.
    if (!pool.ending) log.warn({ code: errorCode(error) }, 'An idle connection to Postgres was lost');
  });
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ code: errorCode(error) }, 'A connection to Postgres was lost')),
  );
  let movedAt = performance.now();
  const moved = () => void (movedAt = performance.now());
  pool.on('acquire', moved);
  pool.on('release', moved);
  const stop = () => (pool.ended ? Promise.resolve() : pool.end());
  try {
    await assertDurable(pool);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pool,
    statementTimeoutMs: config.statement_timeout,
    starved: () => (performance.now() - movedAt > STARVED_MS ? pool.waitingCount : 0),
    connect: async () => {
      const socket = new Socket();
      const client = new pg.Client({ ...config, stream: () => socket });
      client.on('error', (error) => log.debug({ code: errorCode(error) }, 'A connection to Postgres was lost'));
      await client.connect();
      return { client, destroy: () => socket.destroy() };
    },
    stop,
  };
}

/** A pool whose connections are all busy for so long does not move. */
const STARVED_MS = 2_000;

/** P11: pg's defaults know no keep-alive and no timeout, and give an int8 as a string. */
function clientConfig({ url, statementTimeoutMs = 10_000, connectTimeoutMs = 5_000 }: DatabaseOptions) {
  return {
    connectionString: url,
    application_name: 'fleetlog',
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    lock_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    options: '-c tcp_user_timeout=5000',
    types: { getTypeParser },
  };
}

const defaultTypeParser = pg.types.getTypeParser as (
  oid: number,
  format?: 'text' | 'binary',
) => (text: string) => unknown;

const getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8_OID && format !== 'binary' ? parseInt8 : defaultTypeParser(oid, format);

/** An int8 as a number. @throws RangeError beyond 2^53 − 1, where a number would be another one */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number`);
  return value;
}

/** SQLSTATE or errno of a failure, for logs and health; never its text, which may quote data. */
export function errorCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'CONNECTION_LOST';
}

async function assertDurable(pool: pg.Pool): Promise<void> {
  const { rows } = await pool
    .query<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name in ('server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit')",
    )
    .catch((cause: unknown) => {
      throw refusal(
        `Postgres can't be reached (${errorCode(cause)}): check DATABASE_URL and that the server runs.`,
        cause,
      );
    });
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  if (Number(settings.get('server_version_num')) < OLDEST_SERVER)
    throw refusal('This Postgres is too old: version 14 or later is needed.');
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (settings.get(name) !== 'off') continue;
    throw refusal(`Postgres runs with ${name} = off and may lose acknowledged events: set ${name} = on.`);
  }
}

function refusal(sentence: string, cause?: unknown): FleetlogError {
  return new FleetlogError('JOURNAL_UNAVAILABLE', sentence, { cause });
}
