import { readdir, readFile } from 'node:fs/promises';
import type pg from 'pg';

import { FleetlogError } from '../actors/kernel/errors.js';
import type { Logger } from '../actors/kernel/ports/surroundings.js';
import type { Database } from './database.js';

/** Two levels up is the root of the package, from `src/persistence` (tests) and `dist/persistence` alike. */
const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/** Key of the advisory lock under which one process at a time migrates; any constant of our own. */
const LOCK_KEY = 7_021_513_402;

interface Migration {
  readonly id: number;
  readonly name: string;
  readonly file: URL;
}

/**
 * Brings the schema up to date: every numbered file of `migrations/` once, forward only, each in a transaction of its own
 * together with its row in `schema_migration`, so an interrupted run goes on where it was.
 * @param folder ends with a slash. @default the package's `migrations/`
 * @throws FleetlogError when the database was migrated by a newer Fleetlog
 */
export async function migrate(database: Database, log: Logger, folder: URL = MIGRATIONS): Promise<void> {
  const migrations = await findMigrations(folder);
  const { client } = await database.connect();
  try {
    // A migration takes as long as it takes, and so does waiting for another node's.
    await client.query('set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY]);
    await client.query(
      'create table if not exists schema_migration (id integer primary key, name text not null, at timestamptz not null default now())',
    );
    const { rows } = await client.query<{ id: number }>('select id from schema_migration');
    const done = new Set(rows.map(({ id }) => id));
    refuseNewer(done, migrations);
    for (const migration of migrations.filter(({ id }) => !done.has(id))) {
      await apply(client, migration);
      log.info({ migration: migration.name }, 'Migrated the database');
    }
  } finally {
    await client.end(); // the advisory lock goes with its connection
  }
}

async function findMigrations(folder: URL): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{6}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return names.map((name) => ({ id: Number(name.slice(0, 6)), name, file: new URL(name, folder) }));
}

function refuseNewer(done: ReadonlySet<number>, migrations: readonly Migration[]): void {
  const newestKnown = migrations.at(-1)?.id ?? 0;
  const newestDone = Math.max(0, ...done);
  if (newestDone <= newestKnown) return;
  throw new FleetlogError(
    'JOURNAL_UNAVAILABLE',
    `The database has schema ${newestDone}, this Fleetlog knows ${newestKnown}: start the newer Fleetlog that migrated it.`,
  );
}

async function apply(client: pg.Client, { id, name, file }: Migration): Promise<void> {
  const sql = await readFile(file, 'utf8');
  await client.query('begin');
  try {
    await client.query('insert into schema_migration (id, name) values ($1, $2)', [id, name]);
    await client.query(sql);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the connection may be gone, and the transaction with it
    throw error;
  }
}
