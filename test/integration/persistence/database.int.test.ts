import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { until } from './until.js';

describe('database', () => {
  const log = createSilentLogger();
  let testDatabase: TestDatabase;
  let database: Database | undefined;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
  });
  afterEach(async () => {
    await database?.stop();
    database = undefined;
  });
  afterAll(() => testDatabase.drop());

  const open = async (options: Partial<Parameters<typeof openDatabase>[0]> = {}) =>
    (database = await openDatabase({ url: testDatabase.url, log, ...options }));

  test('P10 the loss of idle and of checked-out connections does not end the process, and the pool goes on', async () => {
    const opened = await open();
    for (let round = 0; round < 5; round += 1) {
      const own = await opened.connect();
      const checkedOut = await opened.pool.connect();
      await opened.pool.query('select 1'); // leaves a second one idle
      const ended = Promise.all(
        [own.client, checkedOut].map((client) => new Promise((resolve) => client.once('end', resolve))),
      );
      await testDatabase.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'fleetlog'",
      );
      await ended;
      checkedOut.release(true);
    }
    await until(() => opened.pool.idleCount === 0);
    expect((await opened.pool.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('P11 every connection has its limits and a name', async () => {
    const opened = await open({ statementTimeoutMs: 1_234 });
    const own = await opened.connect();
    const settings = `select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout',
      'idle_in_transaction_session_timeout', 'tcp_user_timeout', 'application_name') order by name`;
    for (const client of [opened.pool, own.client]) {
      const { rows } = await client.query<{ name: string; setting: string }>(settings);
      expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
        ...{ application_name: 'fleetlog', statement_timeout: '1234', lock_timeout: '1234' },
        ...{ idle_in_transaction_session_timeout: '1234', tcp_user_timeout: '5000' },
      });
    }
    own.destroy();
  });

  test('P11 an int8 is a number, and one that a number can not hold is refused', async () => {
    const { pool } = await open();
    expect((await pool.query<{ big: number }>('select 9007199254740991::int8 as big')).rows[0]!.big).toBe(
      Number.MAX_SAFE_INTEGER,
    );
    await expect(pool.query('select 9007199254740992::int8 as big')).rejects.toThrow(RangeError);
  });

  test('P11 a server that does not answer is given up', async () => {
    const direct = new URL(testDatabase.url);
    const proxy = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) });
    proxy.set({ kind: 'silent' });
    direct.port = String(proxy.port);
    await expect(openDatabase({ url: direct.toString(), log, connectTimeoutMs: 200 })).rejects.toThrow(
      /can't be reached/,
    );
    await proxy.close();
  });

  test('a server that is not there is told in one sentence without the password', async () => {
    const nowhere = new URL(testDatabase.url);
    nowhere.port = '1';
    await expect(openDatabase({ url: nowhere.toString(), log })).rejects.toThrow(
      "Postgres can't be reached (ECONNREFUSED): check DATABASE_URL and that the server runs.",
    );
  });

  test('P14 a server that may lose acknowledged events is refused', async () => {
    await testDatabase.query(`alter database ${testDatabase.name} set synchronous_commit = off`);
    await expect(open()).rejects.toThrow('set synchronous_commit = on');
    await testDatabase.query(`alter database ${testDatabase.name} reset synchronous_commit`);
    await open();
  });
});
