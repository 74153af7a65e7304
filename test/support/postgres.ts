import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

import { openDatabase } from '../../src/persistence/database.js';
import { migrate } from '../../src/persistence/migrate.js';
import { createSilentLogger } from './fake-ports.js';

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** Runs a statement on the maintenance connection's server, outside every pool under test. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
  /** Ends what is still connected and drops the database. */
  drop(): Promise<void>;
}

function serverUrl(): string {
  const url = process.env.FLEETLOG_TEST_POSTGRES;
  if (!url) throw new Error('FLEETLOG_TEST_POSTGRES is not set: run through jest.config.js, projects int or e2e');
  return url;
}

function urlOf(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.toString();
}

/** A database of its own for one test file, migrated: a copy of a template that the first test file of a run makes. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(async (server) => {
    const template = await ensureTemplate(server);
    await server.query(`create database ${name} template ${template}`);
  });
  return handle(name);
}

/** As `createTestDatabase`, but empty. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer((server) => server.query(`create database ${name}`));
  return handle(name);
}

async function handle(name: string): Promise<TestDatabase> {
  const url = urlOf(name);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  let previous: Promise<unknown> = Promise.resolve(); // one statement at a time, as pg wants it
  return {
    url,
    name,
    query: <R extends pg.QueryResultRow>(sql: string, values?: unknown[]) => {
      const rows = previous.then(() => client.query<R>(sql, values)).then((result) => result.rows);
      previous = rows.catch(() => undefined);
      return rows;
    },
    drop: async () => {
      await client.end();
      await onServer((server) => server.query(`drop database ${name} with (force)`));
    },
  };
}

async function onServer<T>(work: (server: pg.Client) => Promise<T>): Promise<T> {
  const server = new pg.Client({ connectionString: serverUrl() });
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

/** Named after the content of the migrations: another schema is another template. */
async function ensureTemplate(server: pg.Client): Promise<string> {
  const name = `template_${migrationsDigest()}`;
  await server.query("select pg_advisory_lock(hashtext('fleetlog test template'))");
  const { rowCount } = await server.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount === 0) {
    const unfinished = `${name}_unfinished`;
    await server.query(`drop database if exists ${unfinished} with (force)`);
    await server.query(`create database ${unfinished}`);
    const log = createSilentLogger();
    const database = await openDatabase({ url: urlOf(unfinished), log });
    await migrate(database, log).finally(() => database.stop());
    await server.query(`alter database ${unfinished} rename to ${name}`);
  }
  await server.query("select pg_advisory_unlock(hashtext('fleetlog test template'))");
  return name;
}

function migrationsDigest(): string {
  const folder = new URL('../../migrations/', import.meta.url);
  const digest = createHash('sha256');
  for (const file of readdirSync(folder).sort()) digest.update(file).update(readFileSync(new URL(file, folder)));
  return digest.digest('hex').slice(0, 12);
}
