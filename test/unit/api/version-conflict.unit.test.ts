import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { changedPaths, overlap, pathsOfPatch } from '../../../src/api/request/changed-paths.js';
import { ADMIN_TOKEN, PASSWORD, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { answerFaults } from './response-checker.js';

describe('paths of a change', () => {
  test('are the leaves of a merge patch, removals too, and a list as a whole', () => {
    expect(
      pathsOfPatch({ name: 'x', attributes: { site: null, 'a/b': { '~c': 1 } }, tags: ['a'], heartbeat: {} }),
    ).toEqual([...['/name', '/attributes/site', '/attributes/a~1b/~0c', '/tags', '/heartbeat']]);
  });

  test('are where two documents differ', () => {
    expect(changedPaths({ a: 1, b: { c: 1, d: [1] }, e: {} }, { a: 1, b: { c: 2, d: [1, 2] }, f: 1 })).toEqual([
      ...['/b/c', '/b/d', '/e', '/f'],
    ]);
  });

  test.each([
    [['/a'], ['/a'], true],
    [['/a'], ['/a/b'], true],
    [['/a/b'], ['/a'], true],
    [['/a'], ['/ab'], false],
    [[''], ['/x'], true],
    [[], ['/x'], false],
  ])('%j and %j overlap: %p', (one, other, expected) => {
    expect(overlap(one, other)).toBe(expected);
  });
});

describe('two who change one thing', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
  });
  afterAll(() => under.stop());
  const late = (etag: string) => under.as(ADMIN_TOKEN, { 'If-Match': etag });

  test('a late change of a device is told the device as it is, and what has changed it in between', async () => {
    const path = '/api/v1/devices/shared';
    await under.admin.post('/api/v1/devices', { id: 'shared', name: 'first', attributes: { site: 'north', floor: 1 } });
    const known = (await under.admin.get(path)).headers['etag'] as string;
    await under.admin.patch(path, { attributes: { floor: 2 } });
    await under.admin.patch(path, { enabled: false, name: 'second' });

    const refused = await late(known).patch(path, { name: 'third', tags: ['x'] });
    expect(answerFaults('/api/v1/devices/{deviceId}', 'patch', refused)).toEqual([]);
    expect(refused.status).toBe(412);
    expect(refused.body.current).toMatchObject({ name: 'second', attributes: { site: 'north', floor: 2 } });
    expect(refused.headers['etag']).toBe(`"${refused.body.current.revision as number}"`);
    const told = (answer: typeof refused) =>
      answer.body.events.map((event: { type: string; paths: string[]; conflicting: boolean }) => [
        ...[event.type, event.paths.join(), event.conflicting],
      ]);
    expect(told(refused)).toEqual([
      ['DeviceUpdated', '/attributes/floor', false],
      ['DeviceUpdated', '/name', true],
      ['DeviceDisabled', '/enabled', false],
    ]);
    expect(refused.body.events[0]).toMatchObject({ sequence: 2, principal: 'system/admin' });

    const deletion = await late(known).delete(path);
    expect(told(deletion).map((row: unknown[]) => row[2])).toEqual([true, true, true]);
    const unknown = await late('"9999"').patch(path, { name: 'third' });
    expect([unknown.status, unknown.body.events]).toEqual([412, []]);
    expect((await late(refused.headers['etag'] as string).patch(path, { name: 'third' })).status).toBe(200);
  });

  test('a user is changed and deleted under If-Match, and read again only when changed', async () => {
    const path = '/api/v1/users/ann';
    await under.admin.post('/api/v1/users', { name: 'ann', role: 'viewer', password: PASSWORD });
    await under.admin.post('/api/v1/users', { name: 'bob', role: 'viewer', password: PASSWORD });
    const known = (await under.admin.get(path)).headers['etag'] as string;
    expect((await under.as(ADMIN_TOKEN, { 'If-None-Match': known }).get(path)).status).toBe(304);
    await under.admin.patch('/api/v1/users/bob', { role: 'operator' });
    await late(known).patch(path, { role: 'operator' });
    const refused = await late(known).patch(path, { password: 'another sentence' });
    expect(answerFaults('/api/v1/users/{userName}', 'patch', refused)).toEqual([]);
    expect([refused.status, refused.body.current.role]).toEqual([412, 'operator']);
    expect(refused.body.events).toMatchObject([{ type: 'UserRoleChanged', paths: ['/role'], conflicting: false }]);
    expect(refused.text).not.toContain('bob');
    expect((await late(known).delete(path)).status).toBe(412);
    await under.admin.patch(path, { enabled: false });
    const enabling = await late(refused.headers['etag'] as string).patch(path, { enabled: true });
    expect(enabling.body.events).toMatchObject([{ type: 'UserDisabled', paths: ['/enabled'], conflicting: true }]);
    expect((await late(enabling.headers['etag'] as string).delete(path)).status).toBe(204);
  });

  test('of two who change a user at once with one ETag, one is refused', async () => {
    const path = '/api/v1/users/eve';
    await under.admin.post('/api/v1/users', { name: 'eve', role: 'viewer', password: PASSWORD });
    const known = (await under.admin.get(path)).headers['etag'] as string;
    const answers = await Promise.all(['operator', 'admin'].map((role) => late(known).patch(path, { role })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});
