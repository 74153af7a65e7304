import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createPasswords, type Passwords } from '../../../src/api/access/passwords.js';
import { createFixedClock } from '../../support/fake-ports.js';
import { until } from '../../support/until.js';
import { ADMIN_TOKEN, PASSWORD, startApiUnderTest, type ApiUnderTest, type Caller } from './api-under-test.js';

const GENEROUS = { perToken: { perSecond: 1e4, burst: 1e4 }, perAddress: { perSecond: 1e4, burst: 1e4 } };
const stream = (under: ApiUnderTest, tenant = 'default') =>
  under.memory.stream(`tenant/${tenant}`).map(({ type, payload, metadata }) => ({
    type,
    data: JSON.parse(payload.toString()),
    metadata: JSON.parse(metadata.toString()),
  }));

describe('signing in', () => {
  let under: ApiUnderTest;
  const clock = createFixedClock();
  const derivations: (string | undefined)[] = [];
  const quick = createPasswords(4);
  const counted: Passwords = {
    seal: (password) => quick.seal(password),
    matches(password, verifier) {
      derivations.push(verifier);
      return quick.matches(password, verifier);
    },
  };
  const signIn = (body: object, as: Caller = under.as(undefined)) => as.post('/api/v1/sessions', body);

  beforeEach(async () => {
    derivations.length = 0;
    under = await startApiUnderTest({ clock, passwords: counted, limits: GENEROUS, trustedProxies: ['127.0.0.1'] });
    await under.admin.post('/api/v1/users', { name: 'ann', role: 'operator', password: PASSWORD });
  });
  afterEach(() => under.stop());
  const from = (address: string): Caller => under.as(undefined, { 'X-Forwarded-For': address });

  test('answers with the session, and puts its secret into the cookie alone', async () => {
    const answer = await signIn({ name: 'ann', password: PASSWORD });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ user: { name: 'ann', role: 'operator' }, tenant: 'default', current: true });
    const secret = /^fleetlog=([A-Za-z0-9_-]{43});/.exec(answer.get('Set-Cookie')?.[0] ?? '')?.[1];
    expect(secret).toBeDefined();
    expect(answer.text).not.toContain(secret);
    const cookie = `fleetlog=${secret}`;
    const current = await under.asPage(cookie).get('/api/v1/sessions/current');
    expect(current.body).toMatchObject({ id: answer.body.id, current: true, address: '127.0.0.1' });
    expect(JSON.stringify(stream(under))).not.toContain(secret);
  });

  test('a user of another tenant signs in as tenant/name, and stays in it', async () => {
    const cookie = await under.signIn('ann', 'viewer', 'rival');
    const current = await under.asPage(cookie).get('/api/v1/sessions/current');
    expect(current.body).toMatchObject({ tenant: 'rival', user: { name: 'ann', role: 'viewer' } });
    await under.admin.post('/api/v1/devices', { id: 'ours' });
    expect((await under.asPage(cookie).get('/api/v1/devices/ours')).status).toBe(404);
  });

  test('SEC-74 an unknown name, a wrong password and an unknown tenant give the same answer after the same work', async () => {
    const texts = new Set<string>();
    for (const name of ['ann', 'nobody', 'nowhere/ann', 'ann/', '../ann', 'constructor', '__proto__', 'a/b/c']) {
      const answer = await signIn(
        { name, password: 'wrong password' },
        under.as(undefined, { 'X-Request-Id': 'same' }),
      );
      expect(answer.status).toBe(401);
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
    expect(derivations).toHaveLength(8);
    expect(derivations.filter((verifier) => verifier !== undefined)).toHaveLength(1);
  });

  test('SEC-74 a sixth failure waits 1 s, then doubling to 60 s, for this account from this address only', async () => {
    const fail = (as: Caller, name = 'ann') => signIn({ name, password: 'wrong password' }, as);
    const [attacker, owner] = [from('203.0.113.9'), from('198.51.100.1')];
    for (let n = 1; n <= 5; n++) expect((await fail(attacker)).status).toBe(401);
    const waits: string[] = [];
    for (let n = 0; n < 8; n++) {
      const refused = await fail(attacker);
      expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
      waits.push(refused.get('Retry-After')!);
      clock.advance(Number(refused.get('Retry-After')) * 1000 - 1);
      expect((await fail(attacker)).status).toBe(429);
      clock.advance(1);
      expect((await fail(attacker)).status).toBe(401);
    }
    expect(waits).toEqual(['1', '2', '4', '8', '16', '32', '60', '60']);
    expect((await signIn({ name: 'ann', password: PASSWORD }, owner)).status).toBe(201);
    expect((await fail(attacker, 'ben')).status).toBe(401);
    clock.advance(60_000);
    expect((await signIn({ name: 'ann', password: PASSWORD }, attacker)).status).toBe(201);
    expect((await fail(attacker)).status).toBe(401);
  });

  test('SEC-74 the wait is the same for a name that no user has', async () => {
    const bodies = await Promise.all(
      ['ann', 'nobody'].map(async (name) => {
        const as = under.as(undefined, { 'X-Forwarded-For': '203.0.113.8', 'X-Request-Id': 'same' });
        for (let n = 1; n <= 5; n++) await signIn({ name, password: 'wrong password' }, as);
        return (await signIn({ name, password: 'wrong password' }, as)).text;
      }),
    );
    expect(bodies[0]).toContain('RATE_LIMITED');
    expect(bodies[0]).toBe(bodies[1]);
  });

  test('SEC-74 many attempts at once are counted before the first is checked', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => signIn({ name: 'ann', password: 'wrong password' }, from('203.0.113.7'))),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
  });

  test('SEC-74 fifty failures from one address end its attempts for 15 minutes, whatever the account', async () => {
    const fail = (n: number) => signIn({ name: `user-${n}`, password: 'wrong password' }, from('203.0.113.6'));
    for (let n = 1; n <= 50; n++) expect((await fail(n)).status).toBe(401);
    expect((await fail(51)).status).toBe(429);
    clock.advance(15 * 60_000);
    expect((await fail(52)).status).toBe(401);
  });

  test('SEC-153 failures become one event per account, address and minute, and never name what is no user', async () => {
    for (let n = 0; n < 3; n++) await signIn({ name: 'ann', password: 'wrong password' }, from('203.0.113.5'));
    await signIn({ name: 'ann', password: 'wrong password' }, from('203.0.113.4'));
    await signIn({ name: 'my secret password', password: 'oh no' }, from('203.0.113.5'));
    await under.access.failedSignIns.flush();
    const failed = stream(under).filter(({ type }) => type === 'SignInFailed');
    expect(failed.map(({ data }) => data)).toEqual([
      { user: 'ann', address: '203.0.113.5', count: 3 },
      { user: 'ann', address: '203.0.113.4', count: 1 },
      { address: '203.0.113.5', count: 1 },
    ]);
    expect(failed[0]?.metadata).toMatchObject({ principal: 'system/sign-in', address: '203.0.113.5' });
  });

  test('SEC-153 failures from ever new addresses are counted together beyond 500 a minute', async () => {
    for (let n = 0; n < 600; n++) under.access.failedSignIns.note('default', undefined, `203.0.${n >> 8}.${n & 255}`);
    await under.access.failedSignIns.flush();
    const failed = stream(under).filter(({ type }) => type === 'SignInFailed');
    expect(failed).toHaveLength(501);
    expect(failed.at(-1)?.data).toEqual({ count: 100 });
  });

  test('SEC-76 over TLS the cookie is bound to this host; on loopback without TLS its name is another', async () => {
    const attributes = async (proto: string): Promise<string> => {
      const answer = await signIn(
        { name: 'ann', password: PASSWORD },
        under.as(undefined, { 'X-Forwarded-Proto': proto }),
      );
      return answer
        .get('Set-Cookie')![0]!
        .replace(/=[A-Za-z0-9_-]{43};/, '=…;')
        .replace(/ Expires=[^;]*;/, '');
    };
    expect(await attributes('http')).toBe('fleetlog=…; Max-Age=604800; Path=/; HttpOnly; SameSite=Strict');
    expect(await attributes('https')).toBe(
      '__Host-fleetlog=…; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Strict',
    );
  });

  test('SEC-76 a cookie of the other name, a doubled one and a foreign one count for nothing', async () => {
    const cookie = await under.signIn('eve', 'viewer');
    const secret = cookie.split('=')[1]!;
    for (const sent of [
      `__Host-fleetlog=${secret}`,
      `${cookie}; ${cookie}`,
      `fleetlog2=${secret}`,
      'fleetlog=',
      `x${cookie}`,
    ]) {
      expect([sent, (await under.asPage(sent).get('/api/v1/devices')).status]).toEqual([sent, 401]);
    }
    expect((await under.asPage(`theme=dark; ${cookie}; a=b`).get('/api/v1/devices')).status).toBe(200);
  });

  test('SEC-76 no secret of a session is in the log', async () => {
    const cookie = await under.signIn('eve', 'viewer');
    await under.asPage(cookie).get('/api/v1/nothing');
    expect(JSON.stringify(under.logger.lines)).not.toContain(cookie.split('=')[1]);
  });

  test.each([
    [{ 'Sec-Fetch-Site': 'same-origin' }, 201],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'none' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'own' }, 403],
    [{ Origin: 'own' }, 201],
    [{ Origin: 'http://evil.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{}, 403],
  ])(
    'SEC-77 a change by cookie with %j gives %i, and by bearer token 201',
    async (headers: Record<string, string>, expected) => {
      const cookie = await under.signIn('admin-2', 'admin');
      const sent = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, value.replace('own', under.url)]),
      );
      const byCookie = await under.as(undefined, { Cookie: cookie, ...sent }).post('/api/v1/devices', { id: 'd1' });
      expect(byCookie.status).toBe(expected);
      if (expected === 403) expect(byCookie.body.code).toBe('CROSS_SITE_REQUEST');
      const byToken = await under.as(ADMIN_TOKEN, { Cookie: cookie, ...sent }).post('/api/v1/devices', { id: 'd2' });
      expect(byToken.status).toBe(201);
      expect((await under.as(undefined, { Cookie: cookie, ...sent }).get('/api/v1/devices')).status).toBe(200);
    },
  );

  test.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])(
    'SEC-77 what an HTML form can send (%s) changes nothing, and is no body for anybody',
    async (type) => {
      const cookie = await under.signIn('admin-2', 'admin');
      const send = (path: string) => under.asPage(cookie, { 'Content-Type': type }).post(path);
      expect((await send('/api/v1/devices').send('id=d1')).status).toBe(403);
      expect((await send('/api/v1/system/relay/verify')).status).toBe(403);
      const byToken = under.as(ADMIN_TOKEN, { 'Content-Type': type }).post('/api/v1/devices');
      expect((await byToken.send('id=d1')).status).toBe(415);
    },
  );

  test('SEC-77 no page of another site signs its reader in', async () => {
    for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'http://evil.example' }]) {
      const answer = await signIn({ name: 'ann', password: PASSWORD }, under.as(undefined, headers));
      expect([answer.status, answer.get('Set-Cookie')]).toEqual([403, undefined]);
    }
  });

  test('SEC-77 there are no CORS headers, whoever asks', async () => {
    const asked = under.as(ADMIN_TOKEN, { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' });
    const answer = await asked.get('/api/v1/devices');
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each([
    ['/api/v1/users', { name: 'x', role: 'viewer', password: PASSWORD, tenant: 'rival' }, '/tenant'],
    ['/api/v1/users', { name: 'x', role: 'viewer', password: PASSWORD, verifierSha256: 'a' }, '/verifierSha256'],
    ['/api/v1/users', { name: 'x', role: 'system', password: PASSWORD }, '/role'],
    ['/api/v1/users', { name: 'x', role: 'viewer', password: 'too short' }, '/password'],
    ['/api/v1/users', { name: 'Ann', role: 'viewer', password: PASSWORD }, '/name'],
    ['/api/v1/users', { name: 'an\u0430', role: 'viewer', password: PASSWORD }, '/name'],
    ['/api/v1/sessions', { name: 'ann', password: PASSWORD, role: 'admin' }, '/role'],
    ['/api/v1/sessions', { name: ['ann'], password: PASSWORD }, '/name'],
    ['/api/v1/sessions', { name: 'ann' }, '/password'],
  ])('SEC-72 %s refuses %j at %s', async (path, body, pointer) => {
    const answer = await under.admin.post(path, body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });

  test('SEC-74 a password of ten characters is enough, and 256 are not too many', async () => {
    for (const [index, password] of ['a'.repeat(10), 'b'.repeat(256)].entries()) {
      const name = `long-${index}`;
      expect((await under.admin.post('/api/v1/users', { name, role: 'viewer', password })).status).toBe(201);
      expect((await signIn({ name, password })).status).toBe(201);
    }
    const tooLong = await under.admin.post('/api/v1/users', {
      name: 'long',
      role: 'viewer',
      password: 'c'.repeat(257),
    });
    expect(tooLong.status).toBe(422);
  });

  test('SEC-82 a store that fails while somebody signs in tells nothing of itself', async () => {
    under.access.verifiers.load = () => Promise.reject(new Error('relation "password_verifier" does not exist'));
    const answer = await signIn({ name: 'ann', password: PASSWORD });
    expect([answer.status, answer.body.code]).toEqual([500, 'INTERNAL']);
    expect(answer.text).not.toContain('password_verifier');
  });

  test('while users are still being read, a sign-in is told to wait', async () => {
    Object.assign(under.access.registry, { ready: () => false });
    expect((await signIn({ name: 'ann', password: PASSWORD })).body.code).toBe('JOURNAL_UNAVAILABLE');
  });
});

describe('sessions', () => {
  let under: ApiUnderTest;
  const clock = { now: () => Date.now() + shift, monotonic: () => performance.now() };
  let shift = 0;

  beforeEach(async () => {
    shift = 0;
    under = await startApiUnderTest({ clock, limits: GENEROUS });
  });
  afterEach(() => under.stop());

  const alive = async (cookie: string): Promise<boolean> => {
    const { status } = await under.asPage(cookie).get('/api/v1/sessions/current');
    expect([200, 401]).toContain(status);
    return status === 200;
  };
  const idOf = async (cookie: string): Promise<string> =>
    (await under.asPage(cookie).get('/api/v1/sessions/current')).body.id;

  const ends: readonly [string, (cookie: string) => Promise<unknown>][] = [
    ['log-out', async (cookie) => under.asPage(cookie).delete('/api/v1/sessions/current')],
    ['being ended by an admin', async (cookie) => under.admin.delete(`/api/v1/sessions/${await idOf(cookie)}`)],
    ['a new password', async () => under.admin.patch('/api/v1/users/ann', { password: 'another password' })],
    ['another role', async () => under.admin.patch('/api/v1/users/ann', { role: 'operator' })],
    ['disabling of the user', async () => under.admin.patch('/api/v1/users/ann', { enabled: false })],
    ['deletion of the user', async () => under.admin.delete('/api/v1/users/ann')],
    [
      "a change of one's own password",
      async (cookie) =>
        under.asPage(cookie).post('/api/v1/sessions/current/password', {
          currentPassword: PASSWORD,
          newPassword: 'another password',
        }),
    ],
  ];

  test.each(ends)('SEC-75 %s ends a session and its event streams within 5 s', async (_name, end) => {
    const cookie = await under.signIn('ann', 'viewer');
    const stream = await fetch(`${under.url}/api/v1/events`, {
      headers: { Cookie: cookie, Accept: 'text/event-stream', 'Sec-Fetch-Site': 'same-origin' },
      signal: AbortSignal.timeout(5_000),
    });
    expect(stream.status).toBe(200);
    await end(cookie);
    expect(await alive(cookie)).toBe(false);
    await stream.text(); // ends, or the time-out fails it
  });

  test('SEC-75 each log-in makes another secret and leaves the sessions elsewhere alone', async () => {
    const first = await under.signIn('ann', 'viewer');
    const answer = await under.asPage(first).post('/api/v1/sessions', { name: 'ann', password: PASSWORD });
    const second = answer.get('Set-Cookie')![0]!.split(';')[0]!;
    expect(second).not.toBe(first);
    expect([await alive(first), await alive(second)]).toEqual([true, true]);
    await under.asPage(first).delete('/api/v1/sessions/current');
    expect([await alive(first), await alive(second)]).toEqual([false, true]);
  });

  test("SEC-75 after a change of one's own password the answer carries a new session; all old ones are gone", async () => {
    const [first, second] = [await under.signIn('ann', 'viewer'), await under.signIn('ann', 'viewer')];
    const change = (currentPassword: string) =>
      under
        .asPage(first)
        .post('/api/v1/sessions/current/password', { currentPassword, newPassword: 'another password' });
    const wrong = await change('not my password');
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/currentPassword']);
    const renewed = (await change(PASSWORD)).get('Set-Cookie')![0]!.split(';')[0]!;
    expect([await alive(first), await alive(second), await alive(renewed)]).toEqual([false, false, true]);
    const again = (password: string) => under.as(undefined).post('/api/v1/sessions', { name: 'ann', password });
    expect([(await again(PASSWORD)).status, (await again('another password')).status]).toEqual([401, 201]);
  });

  test('SEC-75 the cookie is cleared at log-out', async () => {
    const cookie = await under.signIn('ann', 'viewer');
    const answer = await under.asPage(cookie).delete('/api/v1/sessions/current');
    expect(answer.get('Set-Cookie')?.[0]).toMatch(/^fleetlog=; Max-Age=0; Path=\//);
  });

  test.each([
    ['8 h without use', 8 * 3600_000 - 5_000, 10_000, 'IDLE'],
    ['7 d in all', 0, 7 * 24 * 3600_000 + 1, 'EXPIRED'],
  ])('SEC-75 %s end a session, and an event says so', async (_name, early, late, reason) => {
    const cookie = await under.signIn('ann', 'viewer');
    shift += early;
    if (reason === 'EXPIRED') {
      // In use all the time.
      for (let hours = 0; hours < 7 * 24 - 7; hours += 7) {
        shift = hours * 3600_000;
        expect(await alive(cookie)).toBe(true);
      }
      shift = late;
    } else {
      expect((await under.admin.get('/api/v1/sessions')).body.items).toHaveLength(1);
      shift += late;
    }
    expect((await under.admin.get('/api/v1/sessions')).body.items).toEqual([]);
    expect(await alive(cookie)).toBe(false);
    await under.access.endExpiredSessions();
    const [last] = under.memory.stream('tenant/default').slice(-1);
    expect([last!.type, JSON.parse(last!.payload.toString()).reason]).toEqual(['SessionEnded', reason]);
  });

  test('an admin sees and ends the sessions of all, others their own; a stranger’s are as unknown as none', async () => {
    const [ann, ben] = [await under.signIn('ann', 'viewer'), await under.signIn('ben', 'operator')];
    const list = async (cookie: string): Promise<string[]> =>
      (await under.asPage(cookie).get('/api/v1/sessions')).body.items.map(
        (item: { user: { name: string } }) => item.user.name,
      );
    expect([await list(ann), await list(ben)]).toEqual([['ann'], ['ben']]);
    expect((await under.admin.get('/api/v1/sessions')).body.items).toHaveLength(2);
    const idOfBen = await idOf(ben);
    const refused = await under.asPage(ann, { 'X-Request-Id': 'same' }).delete(`/api/v1/sessions/${idOfBen}`);
    const unknown = await under.asPage(ann, { 'X-Request-Id': 'same' }).delete('/api/v1/sessions/AAAAAAAAAAAA');
    expect(refused.status).toBe(404);
    expect(refused.text.replace(idOfBen, 'AAAAAAAAAAAA')).toBe(unknown.text);
    expect(await alive(ben)).toBe(true);
  });

  test('what a browser says of itself is kept as text of at most 256 characters', async () => {
    await under.signIn('ann', 'viewer');
    const agent = `<img src=x onerror=alert(1)>${'x'.repeat(400)}`;
    await under.as(undefined, { 'User-Agent': agent }).post('/api/v1/sessions', { name: 'ann', password: PASSWORD });
    const { items } = (await under.admin.get('/api/v1/sessions')).body;
    expect(items[1].userAgent).toBe(agent.slice(0, 256));
  });

  test('SEC-81 a token tells when it was used last and who made it', async () => {
    const cookie = await under.signIn('boss', 'admin');
    const { body } = await under.asPage(cookie).post('/api/v1/tokens', { role: 'viewer' });
    const shown = async () => (await under.admin.get('/api/v1/tokens')).body.items[0];
    expect(await shown()).toMatchObject({ createdBy: 'user/boss', lastUsedAt: null });
    await under.as(body.token).get('/api/v1/devices');
    expect(Date.parse((await shown()).lastUsedAt)).toBeGreaterThan(Date.now() - 60_000);
  });

  test('SEC-150 what a person does carries the session, its address and the event that began it', async () => {
    const cookie = await under.signIn('boss', 'admin');
    const id = await idOf(cookie);
    await under.asPage(cookie, { 'X-Request-Id': 'request-7' }).post('/api/v1/devices', { id: 'd1' });
    const metadata = JSON.parse(under.memory.stream('device/default/d1')[0]!.metadata.toString());
    const sequence = under.memory.stream('tenant/default').find(({ type }) => type === 'SessionStarted')!.sequence;
    expect(metadata).toMatchObject({
      tenant: 'default',
      principal: 'user/boss',
      credential: id,
      address: '127.0.0.1',
      policy: `tenant/default:${sequence}`,
      correlationId: 'request-7',
    });
  });

  test('SEC-151 two admins who delete each other at once: one stays, and nothing stands under the other’s session', async () => {
    for (let round = 0; round < 10; round++) {
      const names = [`one-${round}`, `two-${round}`];
      const cookies = await Promise.all(names.map((name) => under.signIn(name, 'admin')));
      const answers = await Promise.all(
        cookies.map((cookie, index) => under.asPage(cookie).delete(`/api/v1/users/${names[1 - index]}`)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 401]);
    }
  });

  test('SEC-75 SEC-81 a user who is disabled loses sessions and tokens at once, and can not sign in until enabled', async () => {
    const cookie = await under.signIn('ann', 'admin');
    await under.signIn('boss', 'admin');
    const page = under.asPage(cookie);
    const { token } = (await page.post('/api/v1/tokens', { role: 'viewer' })).body;
    const { token: derived } = (await page.post('/api/v1/tokens', { role: 'admin' })).body;
    const { token: second } = (await under.as(derived).post('/api/v1/tokens', { role: 'viewer' })).body;
    const tokens = [token, derived, second];
    const disabled = await under.admin.patch('/api/v1/users/ann', { enabled: false });
    expect([disabled.status, disabled.body.enabled, typeof disabled.body.disabledAt]).toEqual([200, false, 'string']);
    expect(await alive(cookie)).toBe(false);
    for (const one of tokens) expect((await under.as(one).get('/api/v1/devices')).body.code).toBe('TOKEN_EXPIRED');
    const signIn = () => under.as(undefined).post('/api/v1/sessions', { name: 'ann', password: PASSWORD });
    const stranger = await under.as(undefined).post('/api/v1/sessions', { name: 'nobody', password: PASSWORD });
    const refused = await signIn();
    expect(refused.status).toBe(401);
    expect({ ...refused.body, requestId: '' }).toEqual({ ...stranger.body, requestId: '' });

    const enabled = await under.admin.patch('/api/v1/users/ann', { enabled: true });
    expect(enabled.body).toMatchObject({ enabled: true, disabledAt: null, role: 'admin' });
    expect(await alive(cookie)).toBe(false);
    for (const one of tokens) expect((await under.as(one).get('/api/v1/devices')).status).toBe(401);
    expect((await signIn()).status).toBe(201);
  });

  test('the last admin can neither be disabled, deleted nor demoted, by whomever', async () => {
    const cookie = await under.signIn('boss', 'admin');
    await under.signIn('ann', 'viewer');
    for (const as of [under.asPage(cookie), under.admin]) {
      expect((await as.delete('/api/v1/users/boss')).body.code).toBe('LAST_ADMIN');
      expect((await as.patch('/api/v1/users/boss', { role: 'viewer' })).body.code).toBe('LAST_ADMIN');
      expect((await as.patch('/api/v1/users/boss', { enabled: false })).body.code).toBe('LAST_ADMIN');
    }
    await under.admin.patch('/api/v1/users/ann', { role: 'admin' });
    expect((await under.asPage(cookie).patch('/api/v1/users/boss', { role: 'viewer' })).status).toBe(200);
    await until('the demoted admin is signed out', async () => !(await alive(cookie)));
  });
});
