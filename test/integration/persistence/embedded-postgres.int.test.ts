import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';

import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../src/persistence/embedded-postgres.js';

describe('embedded Postgres', () => {
  let folder: string;
  let dataDir: string;
  let running: EmbeddedPostgres[];

  beforeEach(async () => {
    // 0700 as mkdtemp makes it: for root's unprivileged account the folder above is closed.
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-embedded-'));
    dataDir = join(folder, 'deep', 'postgres');
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((postgres) => postgres.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}) => {
    const postgres = await startEmbeddedPostgres({ dataDir, ...options });
    running.push(postgres);
    return postgres;
  };
  const ask = async <R extends pg.QueryResultRow>(url: string, sql: string): Promise<R[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<R>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('takes connections on loopback with its own password only, in UTF-8, and keeps its data', async () => {
    const steps: string[] = [];
    const first = await start({ onStep: (step) => steps.push(step) });
    expect(
      await ask(
        first.url,
        `select current_setting('server_encoding') as encoding, current_setting('listen_addresses') as address,
           current_setting('unix_socket_directories') as sockets, current_setting('wal_segment_size') as segment,
           current_setting('max_wal_size') as wal`,
      ),
    ).toEqual([{ encoding: 'UTF8', address: '127.0.0.1', sockets: '', segment: '2MB', wal: '1GB' }]);
    await ask(first.url, 'create table kept (id int)');
    await expect(ask(first.url.replace(/:[^:@]*@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/);
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start({ onStep: (step) => steps.push(step) });
    expect(await ask(second.url, 'select * from kept')).toEqual([]);
    expect(steps).toEqual(['Creating the database cluster', 'Starting Postgres', 'Starting Postgres']);
  });

  test('stops the server that a killed run has left, and starts on the same data', async () => {
    const left = await start();
    await ask(left.url, 'create table kept (id int)');
    const next = await start();
    expect(isAlive(left.pid)).toBe(false);
    expect(await ask(next.url, 'select * from kept')).toEqual([]);
  });

  test('starts in spite of a lock file of a dead process, and of one whose number another program has now', async () => {
    const first = await start();
    const lockFile = join(dataDir, 'cluster', 'postmaster.pid');
    const lock = await readFile(lockFile, 'utf8');
    await first.stop();
    await writeFile(lockFile, lock);
    await (await start()).stop();
    await writeFile(lockFile, lock.replace(/^\d+/, String(process.ppid)));
    await (await start()).stop();
  });

  test('waits for a backend of a killed server that is still at work', async () => {
    const killed = await start();
    const busy = new pg.Client({ connectionString: killed.url });
    busy.on('error', () => undefined); // it is to be lost
    await busy.connect();
    const work = busy.query('do $$ begin for i in 1..3000000 loop perform 1; end loop; end $$').catch(() => undefined);
    await ask(killed.url, "select from pg_stat_activity where query like 'do %' and state = 'active'");
    process.kill(killed.pid, 'SIGKILL');
    const next = await start();
    expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await work;
  });

  test('makes the cluster again when it was killed in the middle', async () => {
    await mkdir(join(dataDir, 'cluster.unfinished-0a0a0a0a', 'base'), { recursive: true });
    await writeFile(join(dataDir, 'password'), 'of the killed run');
    await start();
    expect((await readdir(dataDir)).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test('tells when the server ends by itself, and not when it was stopped', async () => {
    const reasons: string[] = [];
    const first = await start({ onExit: (reason) => reasons.push(reason) });
    await first.stop();
    expect(reasons).toEqual([]);
    const ended = new Promise<string>(
      (resolve) => void start({ onExit: resolve }).then(({ pid }) => process.kill(pid, 'SIGKILL')),
    );
    expect(await ended).toBe('SIGKILL');
  });

  test('says in one sentence that its port is taken', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(/^The port of the embedded Postgres is taken: [^\n]*\.$/);
    await new Promise((resolve) => squatter.close(resolve));
  });
});
