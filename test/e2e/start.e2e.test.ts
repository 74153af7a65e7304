import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFleetlog, type FleetlogOptions, type FleetlogProcess } from '../support/fleetlog-process.js';
import { untilRelayed } from '../support/journal-lines.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-start-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const options = (env: Record<string, string> = {}): FleetlogOptions => ({
  dataDir: join(folder, 'data'),
  databaseUrl: database.url,
  env,
});

/** The sentence with which a start is refused. */
async function refusal(env: Record<string, string>): Promise<string> {
  const server = await startFleetlog(options(env)).catch((error: unknown) => error as Error);
  if (server instanceof Error) return server.message;
  await server.stop();
  return 'accepted';
}

async function occupyPort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

describe('start and stop', () => {
  test('SIGTERM ends the server with exit code 0, and a second one changes nothing', async () => {
    const server = await startFleetlog(options());
    const first = server.stop();
    process.kill(server.pid, 'SIGTERM');
    expect(await first).toBe(0);
  });

  test('another number of shards is refused, and the sentence says which one it was', async () => {
    const server = await startFleetlog(options());
    await server.stop();
    const sentence = await refusal({ FLEETLOG_SHARDS: '4' });
    expect(sentence).toContain('FLEETLOG_SHARDS');
    expect(sentence).toContain('8');
  });

  test('SEC-143 the first start makes an admin whose password is told once and works; the next start keeps it', async () => {
    const people = await createTestDatabase();
    const start = () => startFleetlog({ dataDir: join(folder, 'people'), databaseUrl: people.url });
    const statusOf = async (server: FleetlogProcess, password: string): Promise<number> => {
      const body = JSON.stringify({ name: 'admin', password });
      const headers = { 'Content-Type': 'application/json' };
      return (await fetch(`${server.ready.url}/api/v1/sessions`, { method: 'POST', headers, body })).status;
    };
    const first = await start();
    const { source, password = '' } = first.ready.admin;
    expect([source, await statusOf(first, password), await statusOf(first, 'another one')]).toEqual([
      'generated',
      201,
      401,
    ]);
    expect(first.log()).not.toContain(password);
    await first.stop();
    const second = await start();
    expect(second.ready.admin).toEqual({ name: 'admin', source: 'earlier' });
    expect(await statusOf(second, password)).toBe(201);
    await second.stop();
    await people.drop();
  }, 90_000);

  test('SEC-81 a password of nine characters for the first admin ends the start', async () => {
    expect(await refusal({ FLEETLOG_ADMIN_PASSWORD: '123456789' })).toContain(
      'FLEETLOG_ADMIN_PASSWORD must be at least 10',
    );
  });

  test('SEC-32 a wrong passphrase of the authority is refused', async () => {
    expect(await refusal({ FLEETLOG_CA_PASSPHRASE: 'not the passphrase' })).toContain('FLEETLOG_CA_PASSPHRASE');
  });

  test.each(['HTTP_PORT', 'MQTTS_PORT'])('a taken port is named with its variable: %s', async (name) => {
    const { server, port } = await occupyPort();
    try {
      const sentence = await refusal({ [name]: String(port) });
      expect(sentence).toContain(String(port));
      expect(sentence).toContain(name);
    } finally {
      server.close();
    }
  });

  test('an unknown variable is refused with the nearest name', async () => {
    expect(await refusal({ FLEETLOG_SHARD: '8' })).toContain('did you mean FLEETLOG_SHARDS?');
  });

  test('the server ends when the process that started it is gone', async () => {
    const server = await startFleetlog(options());
    server.disconnect();
    const deadline = Date.now() + 15_000;
    while (isAlive(server.pid) && Date.now() < deadline) await sleep(50);
    expect(isAlive(server.pid)).toBe(false);
  });
});

describe('a Kafka that does not fit the journal', () => {
  const kafkaBrokers = process.env.FLEETLOG_TEST_KAFKA!;
  const topics = (name: string) => ({
    KAFKA_TOPIC: `${name}-${process.pid}`,
    KAFKA_CHECKPOINT_TOPIC: `${name}-checkpoints-${process.pid}`,
  });

  /** Starts on a database of its own, and answers the sentence of a refusal. */
  async function startOn(fresh: TestDatabase, env: Record<string, string>): Promise<string> {
    const server = await startFleetlog({ ...options(env), databaseUrl: fresh.url, kafkaBrokers }).catch(
      (error: unknown) => error as Error,
    );
    if (server instanceof Error) return server.message;
    await server.call('POST', '/devices', { id: 'pump-1' });
    await untilRelayed(server);
    await server.stop();
    return 'accepted';
  }

  test('a topic with another number of partitions ends the start with a sentence that names both numbers', async () => {
    const names = topics('partitions');
    const fresh = await createTestDatabase();
    try {
      expect(await startOn(fresh, { ...names, FLEETLOG_SHARDS: '3' })).toBe('accepted');
    } finally {
      await fresh.drop();
    }
    const other = await createTestDatabase();
    try {
      const sentence = await startOn(other, { ...names, FLEETLOG_SHARDS: '4' });
      expect(sentence).toContain('has 3 partitions');
      expect(sentence).toContain('4 shards');
      expect(sentence).toContain('KAFKA_TOPIC');
    } finally {
      await other.drop();
    }
  });

  test('a checkpoint beyond the head (an older backup, another database) ends the start', async () => {
    const names = topics('beyond');
    const fresh = await createTestDatabase();
    try {
      expect(await startOn(fresh, names)).toBe('accepted');
    } finally {
      await fresh.drop();
    }
    const empty = await createTestDatabase();
    try {
      expect(await startOn(empty, names)).toMatch(
        /Kafka holds events of shard \d up to position 1, but the journal ends at 0/,
      );
    } finally {
      await empty.drop();
    }
  });
});

describe('embedded Postgres', () => {
  test('leftovers of a killed run heal at the next start, and nothing is left running after the stop', async () => {
    const dataDir = join(folder, 'embedded');
    const killed = await startFleetlog({ dataDir });
    const orphan = killed.ready.pids.postgres!;
    await killed.call('POST', '/devices', { id: 'kept' });
    await killed.kill();
    expect(isAlive(orphan)).toBe(true);
    const healed = await startFleetlog({ dataDir });
    expect(isAlive(orphan)).toBe(false);
    expect((await healed.call('GET', '/devices/kept')).status).toBe(200);
    await healed.stop();
    expect(isAlive(healed.ready.pids.postgres!)).toBe(false);
  }, 120_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
