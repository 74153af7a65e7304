import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import { ADMIN_TOKEN, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

describe('devices over REST', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
  });
  afterAll(() => under.stop());

  const create = (body: object): ReturnType<typeof under.admin.post> => under.admin.post('/api/v1/devices', body);

  test('are created with defaults, and the answer says where that was journaled', async () => {
    const created = await create({ id: 'pump-1', type: 'pump', tags: ['a'] });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      id: 'pump-1',
      type: 'pump',
      tags: ['a'],
      enabled: true,
      gateway: false,
      revision: 1,
    });
    expect(created.headers).toMatchObject({
      etag: '"1"',
      location: '/api/v1/devices/pump-1',
      'fleetlog-sequence': '1',
    });
    const [event] = under.memory.stream('device/default/pump-1');
    expect(created.headers['fleetlog-position']).toBe(`${event!.shard}:${event!.position}`);
  });

  test('SEC-150 name in the metadata who created them, from where and by which right', async () => {
    const { id, token } = await under.issueToken('admin');
    const issued = under.memory.stream('tenant/default').at(-1)!;
    await under.as(token, { 'X-Request-Id': 'req-7' }).post('/api/v1/devices', { id: 'traced' });
    const [event] = under.memory.stream('device/default/traced');
    expect(JSON.parse(event!.metadata.toString())).toMatchObject({
      tenant: 'default',
      principal: `token/${id}`,
      credential: id,
      policy: `tenant/default:${issued.sequence}`,
      address: '127.0.0.1',
      correlationId: 'req-7',
    });
  });

  test('are not created twice', async () => {
    await create({ id: 'twice' });
    const again = await create({ id: 'twice' });
    expect([again.status, again.body.code]).toEqual([409, 'DEVICE_EXISTS']);
  });

  test('are read again only when they have changed', async () => {
    await create({ id: 'cached' });
    const known = await under.as(ADMIN_TOKEN, { 'If-None-Match': '"1"' }).get('/api/v1/devices/cached');
    expect([known.status, known.headers['etag'], known.text]).toEqual([304, '"1"', '']);
    const other = await under.as(ADMIN_TOKEN, { 'If-None-Match': '"9"' }).get('/api/v1/devices/cached');
    expect(other.status).toBe(200);
  });

  test('are changed by merge patch, where null removes', async () => {
    await create({ id: 'patched', name: 'old', attributes: { site: 'north', floor: 2 } });
    const patched = await under.admin.patch('/api/v1/devices/patched', {
      name: null,
      attributes: { site: 'south', floor: null },
      enabled: false,
    });
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({ attributes: { site: 'south' }, enabled: false });
    expect(patched.body.attributes).toEqual({ site: 'south' });
    expect(patched.body.name).toBeUndefined();
    expect(patched.headers['etag']).toBe(`"${patched.body.revision}"`);
  });

  test('answer a change that changes nothing without an event', async () => {
    await create({ id: 'same', name: 'x' });
    const again = await under.admin.patch('/api/v1/devices/same', { name: 'x' });
    expect([again.status, again.headers['fleetlog-sequence']]).toEqual([200, undefined]);
    expect(under.memory.stream('device/default/same')).toHaveLength(1);
  });

  test('refuse a change by an older ETag, and show what they are now', async () => {
    await create({ id: 'contested' });
    await under.admin.patch('/api/v1/devices/contested', { name: 'theirs' });
    const mine = under.as(ADMIN_TOKEN, { 'If-Match': '"1"' });
    for (const refused of [
      await mine.patch('/api/v1/devices/contested', { name: 'mine' }),
      await mine.delete('/api/v1/devices/contested'),
    ]) {
      expect([refused.status, refused.body.code]).toEqual([412, 'VERSION_CONFLICT']);
      expect(refused.body.current).toMatchObject({ name: 'theirs', revision: 2 });
      expect(refused.headers['etag']).toBe('"2"');
    }
    const good = await under
      .as(ADMIN_TOKEN, { 'If-Match': '"1", "2"' })
      .patch('/api/v1/devices/contested', { name: 'm' });
    expect(good.status).toBe(200);
  });

  test('of two changes by one ETag at the same time take exactly one', async () => {
    await create({ id: 'raced' });
    const both = under.as(ADMIN_TOKEN, { 'If-Match': '"1"' });
    const answers = await Promise.all([
      both.patch('/api/v1/devices/raced', { name: 'a' }),
      both.patch('/api/v1/devices/raced', { name: 'b' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  test('are gone when deleted, keep their events, and may be registered again', async () => {
    await create({ id: 'mortal' });
    const deleted = await under.admin.delete('/api/v1/devices/mortal', { reason: 'scrapped' });
    expect([deleted.status, deleted.headers['fleetlog-sequence']]).toEqual([204, '2']);
    expect((await under.admin.get('/api/v1/devices/mortal')).body.code).toBe('DEVICE_NOT_FOUND');
    expect((await under.admin.delete('/api/v1/devices/mortal')).status).toBe(404);
    const events = await under.admin.get('/api/v1/devices/mortal/events');
    expect(events.body.items.map((event: { type: string }) => event.type)).toEqual([
      'DeviceRegistered',
      'DeviceDeleted',
    ]);
    expect((await create({ id: 'mortal' })).status).toBe(201);
  });

  test('are found by search and listed page by page without gap or repeat, in any order', async () => {
    for (const id of ['page-c', 'page-a', 'page-e', 'page-b', 'page-d']) await create({ id, name: `n-${id}` });
    const columns = ['id', 'name', 'type', 'lastSeen', 'registeredAt'];
    for (const sort of columns.flatMap((column) => [column, `-${column}`])) {
      const seen: string[] = [];
      let path: string | undefined = `/api/v1/devices?search=page-&limit=2&sort=${sort}`;
      while (path !== undefined) {
        const page: Response = await under.admin.get(path);
        seen.push(...page.body.items.map((item: { id: string }) => item.id));
        path = /<([^>]+)>; rel="next"/.exec(page.headers['link'] ?? '')?.[1];
        expect(path === undefined).toBe(page.body.next === null);
      }
      expect([...seen].sort()).toEqual(['page-a', 'page-b', 'page-c', 'page-d', 'page-e']);
      if (sort === 'id' || sort === 'name') expect(seen).toEqual([...seen].sort());
      if (sort === '-id') expect(seen).toEqual([...seen].sort().reverse());
    }
  });

  test('refuse a cursor of another query', async () => {
    const first = await under.admin.get('/api/v1/devices?limit=1');
    const other = await under.admin.get(`/api/v1/devices?limit=1&sort=name&cursor=${first.body.next}`);
    expect([other.status, other.body.code]).toEqual([422, 'CURSOR_INVALID']);
  });

  test('map what the domain refuses to a pointer', async () => {
    const refused = await create({ id: 'long', tags: ['ok', 'x'.repeat(1000)] });
    expect([refused.status, refused.body.code, refused.body.errors[0].pointer]).toEqual([
      422,
      'PAYLOAD_INVALID',
      '/tags/1',
    ]);
  });

  test('are written only while the journal takes events: 503 with Retry-After otherwise', async () => {
    under.memory.faults.nextAppends.push('unavailable');
    const refused = await create({ id: 'later' });
    expect([refused.status, refused.body.code]).toEqual([503, 'JOURNAL_UNAVAILABLE']);
    expect(refused.headers['retry-after']).toBeDefined();
    expect((await create({ id: 'later' })).status).toBe(201);
  });

  test('are counted on demand, over all pages, and reckoned under a filter from those looked at', async () => {
    for (let n = 0; n < 12; n += 1) await create({ id: `counted-${n}`, tags: n < 3 ? ['few'] : [] });
    const page = async (query: string) => (await under.admin.get(`/api/v1/devices?search=counted&${query}`)).body;
    expect(await page('limit=5&count=estimate')).toMatchObject({ estimate: 12 });
    expect(await page('limit=5')).not.toHaveProperty('estimate');
    const filter = encodeURIComponent('"few" in device.tags');
    expect(await page(`limit=5&count=estimate&filter=${filter}`)).toMatchObject({ estimate: 3 });
    expect(await page(`limit=5&count=estimate&filter=${encodeURIComponent('device.connected')}`)).toMatchObject({
      ...{ items: [], estimate: 0 },
    });
    expect((await page('count=exactly')).code).toBe('PARAMETER_INVALID');
  });
});
