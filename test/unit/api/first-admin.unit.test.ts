import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ensureFirstAdmin, type FirstAdmin } from '../../../src/api/access/first-admin.js';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

const GIVEN = 'given by the environment';
let under: ApiUnderTest;
beforeEach(async () => {
  under = await startApiUnderTest();
});
afterEach(() => under.stop());

const start = (given?: string): Promise<FirstAdmin> => ensureFirstAdmin(under.access, given);
const types = (): string[] => under.memory.stream('tenant/default').map(({ type }) => type);
const signIn = async (password: string): Promise<number> =>
  (await under.as(undefined).post('/api/v1/sessions', { name: 'admin', password })).status;

test('SEC-143 the first start makes the user admin with a password of its own; later ones say nothing of it', async () => {
  const first = await start();
  expect(first.source).toBe('generated');
  expect(await signIn(first.password!)).toBe(201);
  expect(await start()).toEqual({ name: 'admin', source: 'earlier' });
  const again = await startApiUnderTest();
  expect((await ensureFirstAdmin(again.access, undefined)).password).not.toBe(first.password);
  await again.stop();
});

test('SEC-143 a given password counts from the first start on, and once again changes nothing', async () => {
  expect(await start(GIVEN)).toEqual({ name: 'admin', source: 'environment' });
  await start(GIVEN);
  expect(types()).toEqual(['UserRegistered']);
  expect(await signIn(GIVEN)).toBe(201);
});

test('a password given later replaces the one before and ends its sessions', async () => {
  const first = await start();
  expect(await signIn(first.password!)).toBe(201);
  expect(await start(GIVEN)).toEqual({ name: 'admin', source: 'environment' });
  expect([await signIn(first.password!), await signIn(GIVEN)]).toEqual([401, 201]);
  expect((await under.admin.get('/api/v1/sessions')).body.items).toHaveLength(1);
});

test('where other users are, no admin comes back by itself', async () => {
  await under.signIn('boss', 'admin');
  expect(await start()).toEqual({ name: 'admin', source: 'earlier' });
  expect((await under.admin.get('/api/v1/users/admin')).status).toBe(404);
});
