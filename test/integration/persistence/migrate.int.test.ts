import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { migrate } from '../../../src/persistence/migrate.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.js';

describe('migrations', () => {
  const log = createSilentLogger();
  let emptied: TestDatabase;
  let database: Database;
  let folder: string;

  beforeEach(async () => {
    emptied = await createEmptyDatabase();
    database = await openDatabase({ url: emptied.url, log });
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-migrations-'));
  });
  afterEach(async () => {
    await database.stop();
    await emptied.drop();
    await rm(folder, { recursive: true });
  });

  const done = async () =>
    (await emptied.query<{ id: number }>('select id from schema_migration order by id')).map(({ id }) => id);
  const ownFolder = () => pathToFileURL(`${folder}/`);

  test('run once each, also when several nodes start together', async () => {
    const files = await readdir(join(import.meta.dirname, '../../../migrations'));
    const each = files.sort().map((file) => Number(file.slice(0, 6)));
    await Promise.all([migrate(database, log), migrate(database, log), migrate(database, log)]);
    expect(await done()).toEqual(each);
    await migrate(database, log);
    expect(await done()).toEqual(each);
  });

  test('refuse a database that a newer Fleetlog has migrated', async () => {
    await migrate(database, log);
    await emptied.query("insert into schema_migration (id, name) values (99, '000099_later.sql')");
    await expect(migrate(database, log)).rejects.toThrow(/schema 99.*start the newer Fleetlog/);
  });

  test('leave nothing of a failed one behind and go on with it when it is mended', async () => {
    await writeFile(join(folder, '000001_first.sql'), 'create table first_one (id int);');
    await writeFile(join(folder, '000002_second.sql'), 'create table half_done (id int); select 1 / 0;');
    await expect(migrate(database, log, ownFolder())).rejects.toThrow(/division by zero/);
    expect(await done()).toEqual([1]);
    expect(await emptied.query("select 1 from pg_tables where tablename = 'half_done'")).toEqual([]);
    await writeFile(join(folder, '000002_second.sql'), 'create table half_done (id int);');
    await migrate(database, log, ownFolder());
    expect(await done()).toEqual([1, 2]);
  });
});
