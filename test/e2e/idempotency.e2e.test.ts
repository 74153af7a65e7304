import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFleetlog, type FleetlogProcess } from '../support/fleetlog-process.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let dataDir: string;
let fleetlog: FleetlogProcess | undefined;
beforeEach(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-idempotency-'));
});
afterEach(async () => {
  await fleetlog?.stop();
  await database.drop();
  await rm(dataDir, { recursive: true });
});

test('SEC-84 after kill -9 each repeat is answered as the first would have been, and there is one effect', async () => {
  const start = async () => (fleetlog = await startFleetlog({ dataDir, databaseUrl: database.url }));
  const send = (n: number) => fleetlog!.call('POST', '/devices', { id: `d${n}` }, { 'Idempotency-Key': `key-${n}` });
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  await start();
  const first = numbers.map((n) =>
    send(n).then(
      (answer) => answer.status,
      () => undefined,
    ),
  );
  await Promise.race([...first, sleep(1_000)]);
  await fleetlog!.kill();
  const cut = (await Promise.all(first)).filter((status) => status === undefined).length;
  await start();
  const answers = await Promise.all(numbers.map(send));
  expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 201));
  expect(await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id))).toEqual(
    numbers.map((n) => `d${n}`),
  );
  const [counted] = await database.query<{ events: number; devices: number }>(
    "select count(*)::int as events, count(distinct stream)::int as devices from journal where type = 'DeviceRegistered'",
  );
  expect(counted).toEqual({ events: 40, devices: 40 });
  process.stderr.write(`${cut} of 40 requests were cut off by the kill\n`);
});
