import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryIdempotency } from '../../support/memory-idempotency.js';
import { ADMIN_TOKEN, CSR, startApiUnderTest, type ApiUnderTest, type Caller } from './api-under-test.js';

describe('SEC-84 Idempotency-Key', () => {
  let under: ApiUnderTest;
  let store: ReturnType<typeof createMemoryIdempotency>;
  const withKey = (key: string, token: string = ADMIN_TOKEN): Caller => under.as(token, { 'Idempotency-Key': key });
  const typesOf = (stream: string) => under.memory.stream(stream).map(({ type }) => type);

  beforeEach(async () => {
    store = createMemoryIdempotency();
    under = await startApiUnderTest({ idempotency: store });
    await under.admin.post('/api/v1/devices', { id: 'd1' });
  });
  afterEach(() => under.stop());

  test('SEC-84 the same request again gets the stored answer, and there is one effect', async () => {
    const first = await withKey('k1').post('/api/v1/devices', { id: 'd2', name: 'two' });
    const again = await withKey('k1').post('/api/v1/devices', { id: 'd2', name: 'two' });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    for (const name of ['etag', 'location', 'content-type', 'fleetlog-sequence', 'fleetlog-position']) {
      expect([name, again.headers[name]]).toEqual([name, first.headers[name]]);
    }
    expect(typesOf('device/default/d2')).toEqual(['DeviceRegistered']);
  });

  test('SEC-84 a secret comes again as it was, and what is stored does not show it', async () => {
    const { body } = await withKey('k1').post('/api/v1/devices/d1/tokens', { label: 'x' });
    expect((await withKey('k1').post('/api/v1/devices/d1/tokens', { label: 'x' })).body).toEqual(body);
    const stored = [...store.kept.values()].map(({ answer }) => answer!.toString('latin1')).join();
    expect(stored).not.toContain(body.token);
    expect(typesOf('device/default/d1').filter((type) => type === 'TokenIssued')).toHaveLength(1);
  });

  test('SEC-84 a refusal is an answer too', async () => {
    await withKey('k1').post('/api/v1/devices', { id: 'd1' });
    const again = await withKey('k1').post('/api/v1/devices', { id: 'd1' });
    expect([again.status, again.body.code, again.headers['idempotency-replayed']]).toEqual([
      409,
      'DEVICE_EXISTS',
      'true',
    ]);
    expect(again.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('SEC-84 the key with another body is refused', async () => {
    await withKey('k1').post('/api/v1/devices', { id: 'd2' });
    const other = await withKey('k1').post('/api/v1/devices', { id: 'd3' });
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(other.body.errors[0].pointer).toBe('Idempotency-Key');
  });

  test('SEC-84 while the first is running a repeat is told so', async () => {
    under.memory.faults.appendDelayMs = 100;
    const answers = await Promise.all([1, 2, 3].map(() => withKey('k1').post('/api/v1/devices', { id: 'd2' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const refused = answers.find(({ status }) => status === 409)!;
    expect([refused.body.code, refused.headers['retry-after']]).toEqual(['IDEMPOTENCY_IN_PROGRESS', '1']);
    expect(typesOf('device/default/d2')).toHaveLength(1);
  });

  test('SEC-84 a key belongs to its principal, its tenant and its path', async () => {
    const admin = await under.issueToken('admin');
    const answers = [
      await withKey('k1').post('/api/v1/devices/d1/tokens', {}),
      await withKey('k1', admin.token).post('/api/v1/devices/d1/tokens', {}),
      await withKey('k1').post('/api/v1/tokens', { role: 'viewer' }),
      await under
        .as(ADMIN_TOKEN, { 'Idempotency-Key': 'k1', 'Fleetlog-Tenant': 'rival' })
        .post('/api/v1/devices', { id: 'd1' }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers['idempotency-replayed']])).toEqual(
      answers.map(() => [201, undefined]),
    );
  });

  test('SEC-84 the key stands in the metadata of the event', async () => {
    await withKey('k "1"').post('/api/v1/devices', { id: 'd2' });
    const [event] = under.memory.stream('device/default/d2');
    expect(JSON.parse(event!.metadata.toString())).toMatchObject({ idempotencyKey: 'POST /api/v1/devices k "1"' });
  });

  test.each([
    ['devices', { id: 'd2', name: 'two' }, 'device/default/d2', 'DeviceRegistered'],
    ['devices/d1/certificates', { csr: CSR }, 'device/default/d1', 'CertificateIssued'],
    ['users', { name: 'ada', role: 'viewer', password: 'a long password' }, 'tenant/default', 'UserRegistered'],
  ])('SEC-84 a repeat after the answer was lost finds the effect: %s', async (path, body, stream, type) => {
    const first = await withKey('k1').post(`/api/v1/${path}`, body);
    store.loseAnswers();
    const again = await withKey('k1').post(`/api/v1/${path}`, body);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.location).toBe(first.headers.location);
    expect(typesOf(stream).filter((name) => name === type)).toHaveLength(1);
  });

  test('SEC-84 a secret whose answer was lost is not made twice: the repeat says what to revoke', async () => {
    const first = await withKey('k1').post('/api/v1/devices/d1/tokens', {});
    store.loseAnswers();
    const again = await withKey('k1').post('/api/v1/devices/d1/tokens', {});
    expect([again.status, again.body.code]).toEqual([410, 'IDEMPOTENCY_ANSWER_LOST']);
    expect(again.headers['fleetlog-sequence']).toBe(first.headers['fleetlog-sequence']);
    expect(typesOf('device/default/d1').filter((type) => type === 'TokenIssued')).toHaveLength(1);
  });

  test('SEC-84 what a fault has cut off is done by the repeat, once', async () => {
    under.memory.faults.nextAppends.push('unavailable');
    const first = await withKey('k1').post('/api/v1/devices', { id: 'd2' });
    const again = await withKey('k1').post('/api/v1/devices', { id: 'd2' });
    expect([first.status, again.status]).toEqual([503, 201]);
    expect(typesOf('device/default/d2')).toEqual(['DeviceRegistered']);
  });

  test('SEC-84 a key is 1 to 255 printable characters of ASCII', async () => {
    for (const [key, status] of [
      ['x'.repeat(255), 201],
      ['x'.repeat(256), 400],
      ['clé', 400],
    ] as const) {
      const answer = await withKey(key).post('/api/v1/devices', { id: `n${key.length}` });
      expect([key.length, answer.status]).toEqual([key.length, status]);
    }
  });
});
