import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { takeNodeLease } from '../../../src/persistence/node-lease.js';
import { createSilentLogger, realClock } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';

let testDatabase: TestDatabase;
let database: Database;
const taken: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
});
afterEach(async () => {
  for (const lease of taken.splice(0)) await lease.stop();
  await testDatabase.query('truncate node_lease');
});
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});

async function take(id: string, life: string, times = { renewMs: 50, leaseMs: 400 }) {
  const lease = await takeNodeLease({
    database,
    node: { id, life },
    clock: realClock,
    logger: createSilentLogger(),
    times,
  });
  taken.push(lease);
  return lease;
}
const lives = async (): Promise<string[]> =>
  (await testDatabase.query<{ life: string }>('select life from node_lease order by life')).map(({ life }) => life);
const age = (life: string, seconds: number) =>
  testDatabase.query(`update node_lease set renewed_at = now() - make_interval(secs => $2) where life = $1`, [
    life,
    seconds,
  ]);

test('a start ends the leases of earlier lives of its node, and of no other node', async () => {
  await take('n1', 'a1', { renewMs: 60_000, leaseMs: 60_000 });
  await take('n2', 'b1', { renewMs: 60_000, leaseMs: 60_000 });
  await take('n1', 'a2', { renewMs: 60_000, leaseMs: 60_000 });
  expect(await lives()).toEqual(['a2', 'b1']);
});

test('a node that falls silent is told to the others once, and one that renews is not', async () => {
  const lapses: string[] = [];
  for (const [node, life] of [
    ['n1', 'a'],
    ['n2', 'b'],
  ] as const)
    (await take(node, life)).onLapse(() => void lapses.push(node));
  await testDatabase.query(`insert into node_lease (life, node) values ('c', 'n3')`); // nobody renews it
  await until('the silent one is told', () => lapses.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await lives()).toEqual(['a', 'b']);
  expect(lapses).toHaveLength(1);
});

test('a node that could not renew its own lease judges nobody before a whole lease has passed again', async () => {
  const lapses: string[] = [];
  const one = await take('n1', 'a', { renewMs: 50, leaseMs: 1_000 });
  one.onLapse(() => void lapses.push('seen'));
  await testDatabase.query(`insert into node_lease (life, node) values ('b', 'n2')`);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await testDatabase.query('alter table node_lease rename to away');
  await new Promise((resolve) => setTimeout(resolve, 300));
  await testDatabase.query('alter table away rename to node_lease');
  await age('b', 3_600); // as old as all are after a stop of Postgres
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect([lapses, await lives()]).toEqual([[], ['a', 'b']]);
  await until('it judges again', async () => (await lives()).length === 1);
});

test('a lease is given back at the end, and taken again when another has ended it by mistake', async () => {
  const one = await take('n1', 'a');
  await testDatabase.query('truncate node_lease');
  await until('it is taken again', async () => (await lives()).length === 1);
  await one.stop();
  expect(await lives()).toEqual([]);
});
