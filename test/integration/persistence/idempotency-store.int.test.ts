import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import type { KeyedRequest } from '../../../src/actors/kernel/ports/idempotency.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createIdempotencyStore } from '../../../src/persistence/idempotency-store.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const REQUEST: KeyedRequest = { tenant: 'default', principal: 'token/t', request: 'a'.repeat(64), bodyTag: 'b' };
const ANSWER = Buffer.from([0, 1, 255]);

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
});
afterEach(() => testDatabase.query('truncate idempotency'));
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});
const start = (life: string, node = 'n1') => createIdempotencyStore({ database, node, life });

test('SEC-84 of requests with one key at once one is new, and its answer is for all that come later', async () => {
  const store = start('life 1');
  const states = await Promise.all([1, 2, 3].map(() => store.begin(REQUEST)));
  expect(states.map(({ kind }) => kind).sort()).toEqual(['new', 'running', 'running']);
  await store.finish(REQUEST, ANSWER);
  expect(await store.begin(REQUEST)).toEqual({ kind: 'answered', answer: ANSWER });
  expect(await start('life 2').begin(REQUEST)).toEqual({ kind: 'answered', answer: ANSWER });
  expect(await store.begin({ ...REQUEST, bodyTag: 'c' })).toEqual({ kind: 'reused' });
  expect(await store.begin({ ...REQUEST, principal: 'token/u' })).toEqual({ kind: 'new' });
  expect(await store.begin({ ...REQUEST, tenant: 'rival' })).toEqual({ kind: 'new' });
});

test('SEC-84 what ended without an answer is of unknown outcome, and one repeat gets it', async () => {
  const store = start('life 1');
  await store.begin(REQUEST);
  await store.finish(REQUEST, undefined);
  const states = await Promise.all([1, 2].map(() => store.begin(REQUEST)));
  expect(states.map(({ kind }) => kind).sort()).toEqual(['running', 'unknown']);
});

test('SEC-84 the next life of a node takes over what its last one had in hand; another node waits', async () => {
  await start('life 1').begin(REQUEST);
  expect(await start('life x', 'n2').begin(REQUEST)).toEqual({ kind: 'running' });
  const next = [start('life 2'), start('life 3')];
  const states = await Promise.all(next.map((store) => store.begin(REQUEST)));
  expect(states.map(({ kind }) => kind)).toContain('unknown');
  await testDatabase.query("update idempotency set started_at = now() - interval '1 minute'");
  expect(await start('life y', 'n2').begin(REQUEST)).toMatchObject({ kind: 'unknown' });
});

test('SEC-84 a key is free again after 24 hours', async () => {
  const store = start('life 1');
  await store.begin(REQUEST);
  await store.finish(REQUEST, ANSWER);
  await testDatabase.query("update idempotency set started_at = now() - interval '25 hours'");
  expect(await store.begin(REQUEST)).toEqual({ kind: 'new' });
});
