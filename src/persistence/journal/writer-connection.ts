import type pg from 'pg';

import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import { errorCode, type Database, type OwnConnection } from '../database.js';
import { createPausingBackOff } from './pause.js';

/** A connection that appends: opened again by itself, for as long as it takes. */
export interface WriterConnection {
  /** The open connection; waits for it. @throws AbortError once stopped */
  get(): Promise<pg.Client>;
  /** Runs a statement that must not outlive its deadline: then the connection is cut, and the outcome unknown (P12). */
  withDeadline<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Cuts the connection; the next `get` waits for a new one. */
  cut(): void;
  /** Why there is no connection now. */
  readonly trouble: string | undefined;
  /** Resolves when nothing is open any more. */
  stop(): Promise<void>;
}

export interface WriterConnectionOptions {
  readonly database: Database;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Runs on each new connection before anybody gets it. */
  readonly onConnected: (client: pg.Client) => Promise<void>;
}

/** Identity of a server process: ids are used again, start times are not. */
interface Backend {
  readonly pid: number;
  readonly started: string;
}

export function openWriterConnection({
  database,
  log,
  signal,
  onConnected,
}: WriterConnectionOptions): WriterConnection {
  const deadlineMs = Math.ceil(database.statementTimeoutMs * 1.5);
  let current: OwnConnection | undefined;
  let predecessor: Backend | undefined;
  let trouble: string | undefined = 'STARTING';
  let waiters: ((connection: OwnConnection) => void)[] = [];

  const connectOnce = async () => {
    const connection = await database.connect();
    const lost = new Promise<void>((resolve) => connection.client.once('end', () => resolve()));
    const cut = () => connection.destroy();
    signal.addEventListener('abort', cut);
    try {
      signal.throwIfAborted(); // it may have been while the connection was being made
      const { client } = connection;
      if (predecessor !== undefined) await endBackend(client, predecessor, database.statementTimeoutMs);
      predecessor = await identify(client);
      await onConnected(client);
      current = connection;
      trouble = undefined;
      for (const give of waiters.splice(0)) give(connection);
      await lost;
      trouble = 'CONNECTION_LOST';
    } finally {
      signal.removeEventListener('abort', cut);
      current = undefined;
      connection.destroy();
      await lost;
    }
  };

  const keepOpen = async () => {
    const backOff = createPausingBackOff(signal);
    const isStopped = () => signal.aborted;
    while (!isStopped()) {
      try {
        await connectOnce();
        backOff.reset();
      } catch (error) {
        const code = errorCode(error);
        if (code !== trouble && !isStopped())
          log.warn({ code }, 'The journal has no connection to Postgres, trying again');
        trouble = code;
        await backOff.pause();
      }
    }
    waiters = [];
  };
  const kept = keepOpen();

  const get = async (): Promise<OwnConnection> => {
    signal.throwIfAborted();
    if (current !== undefined) return current;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(new Error('The journal has stopped'));
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.push((connection) => {
        signal.removeEventListener('abort', onAbort);
        resolve(connection);
      });
    });
  };

  return {
    get: async () => (await get()).client,
    withDeadline: async (work) => {
      const connection = await get();
      const timer = setTimeout(() => connection.destroy(), deadlineMs);
      try {
        return await work(connection.client);
      } finally {
        clearTimeout(timer);
      }
    },
    cut: () => {
      current?.destroy();
      current = undefined;
    },
    get trouble() {
      return trouble;
    },
    stop: () => kept,
  };
}

async function identify(client: pg.Client): Promise<Backend> {
  const { rows } = await client.query<Backend>(
    'select pid, backend_start::text as started from pg_stat_activity where pid = pg_backend_pid()',
  );
  const backend = rows[0];
  if (backend === undefined) throw new Error('Postgres does not know its own backend');
  return backend;
}

/**
 * P5: makes sure that nothing of the lost connection is still running, so that what is looked up stays true.
 * @throws Error while the old backend is still there
 */
async function endBackend(client: pg.Client, { pid, started }: Backend, statementTimeoutMs: number): Promise<void> {
  const patienceMs = Math.min(5_000, Math.floor(statementTimeoutMs / 2));
  const { rows } = await client.query<{ ended: boolean }>(
    'select pg_terminate_backend(pid, $3) as ended from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz',
    [pid, started, patienceMs],
  );
  if (rows.some(({ ended }) => !ended)) throw new Error(`Backend ${pid} does not end`);
}
