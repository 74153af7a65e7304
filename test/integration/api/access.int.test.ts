import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';
import { PASSWORD } from '../../unit/api/api-under-test.js';
import { startNode, type Node } from './node-on-postgres.js';

interface Entry {
  readonly action: string;
  readonly principal: string;
  readonly on: object;
  readonly before: Record<string, { readonly name?: string }> | null;
  readonly after: Record<string, { readonly name?: string }>;
  readonly requestId: string;
  readonly address: string;
  readonly event: {
    readonly stream: string;
    readonly sequence: number;
    readonly shard: number;
    readonly position: number;
  };
}

describe('people on Postgres', () => {
  let testDatabase: TestDatabase;
  let node: Node;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
  });
  beforeEach(async () => {
    node = await startNode(testDatabase.url);
  });
  afterEach(() => node.stop());
  afterAll(() => testDatabase.drop());

  const restart = async (): Promise<void> => {
    await node.stop();
    node = await startNode(testDatabase.url);
  };
  const entries = async (query = ''): Promise<readonly Entry[]> =>
    (await node.under.admin.get(`/api/v1/audit?limit=250${query}`)).body.items;
  const entry = async (action: string, query = ''): Promise<Entry> => {
    return until(`${action} in the audit`, async () => (await entries(query)).find((one) => one.action === action));
  };

  test('a session and its last use outlive a restart; a changed password and a deleted user do not come back', async () => {
    const { under } = node;
    const [ann, ben, eve] = await Promise.all(['ann', 'ben', 'eve'].map((name) => under.signIn(name, 'viewer')));
    await under.admin.patch('/api/v1/users/ben', { password: 'another password' });
    await under.admin.delete('/api/v1/users/eve');
    await under.asPage(ann!).get('/api/v1/devices');
    const before = await under.asPage(ann!).get('/api/v1/sessions/current');
    await restart();
    const after = await node.under.asPage(ann!).get('/api/v1/sessions/current');
    expect([before.status, after.status]).toEqual([200, 200]);
    expect(Date.parse(after.body.lastUsedAt)).toBeGreaterThanOrEqual(Date.parse(before.body.lastUsedAt));
    expect((await node.under.asPage(ben!).get('/api/v1/sessions/current')).status).toBe(401);
    expect((await node.under.asPage(eve!).get('/api/v1/sessions/current')).status).toBe(401);
    const signIn = (name: string, password: string) =>
      node.under.as(undefined).post('/api/v1/sessions', { name, password });
    expect((await signIn('ben', PASSWORD)).status).toBe(401);
    expect((await signIn('ben', 'another password')).status).toBe(201);
    expect((await signIn('eve', PASSWORD)).status).toBe(401);
  });

  test('SEC-140 no verifier and no password is in the journal; the table holds the one that the event names', async () => {
    await node.under.signIn('secret-keeper', 'viewer');
    const verifiers = await testDatabase.query<{ verifier: string; sha256: string }>(
      "select verifier, sha256 from password_verifier where tenant = 'default' and user_name = 'secret-keeper'",
    );
    expect(verifiers).toHaveLength(1);
    const journal = await testDatabase.query<{ text: string }>(
      "select convert_from(payload, 'UTF8') || convert_from(metadata, 'UTF8') as text from journal",
    );
    const all = journal.map(({ text }) => text).join('\n');
    expect(all).toContain(verifiers[0]!.sha256);
    expect(all).not.toContain('$scrypt');
    expect(all).not.toContain(verifiers[0]!.verifier.split('$').at(-1));
    expect(all).not.toContain(PASSWORD);
  });

  test('SEC-74 a verifier that somebody has put into the table opens nothing: the journal says which one counts', async () => {
    await node.under.signIn('mallory', 'viewer');
    await node.under.signIn('victim', 'admin');
    await testDatabase.query(
      `update password_verifier v set verifier = m.verifier from password_verifier m
       where v.tenant = 'default' and v.user_name = 'victim' and m.tenant = 'default' and m.user_name = 'mallory'`,
    );
    const answer = await node.under.as(undefined).post('/api/v1/sessions', { name: 'victim', password: PASSWORD });
    expect(answer.body.code).toBe('SIGN_IN_FAILED');
  });

  test('verifiers that no event names are forgotten, but for those of the last hour', async () => {
    await node.under.signIn('often', 'viewer');
    const change = (password: string) => node.under.admin.patch('/api/v1/users/often', { password });
    const kept = async (): Promise<number> =>
      (await testDatabase.query("select 1 from password_verifier where tenant = 'default' and user_name = 'often'"))
        .length;
    await change('the second one');
    expect(await kept()).toBe(2);
    await testDatabase.query(
      "update password_verifier set made_at = made_at - interval '2 hours' where tenant = 'default'",
    );
    await change('the third one');
    expect(await kept()).toBe(1);
  });

  test('SEC-153 an entry of the audit says who, what, on what, from where, before and after, and leads to its event', async () => {
    const cookie = await node.under.signIn('auditor', 'admin');
    const page = node.under.asPage(cookie, { 'X-Request-Id': 'request-1' });
    await page.post('/api/v1/devices', { id: 'audited', name: 'Old' });
    await page.patch('/api/v1/devices/audited', { name: 'New' });
    const changed = await entry('DeviceUpdated', '&device=audited');
    expect(changed).toMatchObject({
      principal: 'user/auditor',
      address: '127.0.0.1',
      on: { kind: 'device', id: 'audited' },
      result: 'done',
      before: { profile: { name: 'Old' } },
      after: { profile: { name: 'New' } },
      requestId: 'request-1',
    });
    const { shard, position, stream, sequence } = changed.event;
    const [event] = (await node.under.admin.get(`/api/v1/devices/audited/events?from=${sequence}`)).body.items;
    expect(event).toMatchObject({ shard, position, stream, sequence, type: 'DeviceUpdated' });
    expect(event.metadata.credential).toBe((await page.get('/api/v1/sessions/current')).body.id);
  });

  test('SEC-153 the audit knows users, roles, sessions and tokens, and shows no hash', async () => {
    const { admin } = node.under;
    const cookie = await node.under.signIn('whole-life', 'viewer');
    await node.under.asPage(cookie).delete('/api/v1/sessions/current');
    await admin.patch('/api/v1/users/whole-life', { role: 'operator' });
    await admin.patch('/api/v1/users/whole-life', { password: 'another password' });
    await admin.patch('/api/v1/users/whole-life', { enabled: false });
    await admin.patch('/api/v1/users/whole-life', { enabled: true });
    await admin.delete('/api/v1/users/whole-life');
    const { body: token } = await admin.post('/api/v1/tokens', { role: 'viewer' });
    await admin.delete(`/api/v1/tokens/${token.id}`);
    await entry('TenantTokenRevoked');
    const ofUser = (await entries()).filter(({ on }) => (on as { id: string }).id === 'whole-life');
    expect(ofUser.map(({ action }) => action)).toEqual([
      'UserDeleted',
      'UserEnabled',
      'UserDisabled',
      'UserPasswordChanged',
      'UserRoleChanged',
      'UserRegistered',
    ]);
    expect(ofUser[4]).toMatchObject({ before: { role: 'viewer' }, after: { to: 'operator' } });
    const text = JSON.stringify(await entries());
    expect(text).toContain('SessionStarted');
    expect(text).toContain('SIGNED_OUT');
    expect(text).not.toMatch(/[0-9a-f]{64}/);
  });

  test('SEC-153 the audit is paged newest first, filtered, without a row twice or lost, and of one tenant alone', async () => {
    const { admin } = node.under;
    for (let n = 0; n < 7; n++) await admin.post('/api/v1/devices', { id: `paged-${n}` });
    await node.under.signIn('stranger', 'admin', 'rival');
    await entry('DeviceRegistered', '&device=paged-6');
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`;
      const { body } = await admin.get(`/api/v1/audit?types=DeviceRegistered&principal=system/admin&limit=3${cursor}`);
      seen.push(...body.items.map((item: { on: { id: string } }) => item.on.id));
      next = body.next;
    }
    expect(seen.filter((id) => id.startsWith('paged-'))).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `paged-${n}`));
    expect(JSON.stringify(await entries())).not.toContain('stranger');
    const future = new Date(Date.now() + 60_000).toISOString();
    expect(await entries(`&from=${future}`)).toEqual([]);
    expect(await entries(`&to=2020-01-01T00:00:00Z`)).toEqual([]);
    const other = await admin.get('/api/v1/audit?types=UserDeleted&limit=3&cursor=eyJ4IjoxfQ');
    expect(other.body.code).toBe('CURSOR_INVALID');
  });

  test('I9 the audit rebuilt from position 0 is the one that was', async () => {
    await entry('UserDeleted');
    const rows = () => testDatabase.query('select * from audit_entry order by tenant, stream, sequence');
    const before = await rows();
    await node.stop();
    await testDatabase.query(
      "delete from audit_entry where tenant is not null; delete from subscription_checkpoint where subscription = 'audit'",
    );
    node = await startNode(testDatabase.url);
    await until('the audit is rebuilt', async () => (await rows()).length >= before.length);
    expect(await rows()).toEqual(before);
  });

  test('SEC-153 the audit is exported whole: without a row twice or lost', async () => {
    const { admin } = node.under;
    const wanted = Array.from({ length: 300 }, (_, n) => `exported-${n}`);
    for (let n = 0; n < wanted.length; n += 100) {
      const answers = await Promise.all(wanted.slice(n, n + 100).map((id) => admin.post('/api/v1/devices', { id })));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    }
    const exported = async (): Promise<readonly string[]> => {
      const answer = admin.get('/api/v1/audit?types=DeviceRegistered').accept('application/x-ndjson').buffer(true);
      const all = (await answer).text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { on: { id: string } });
      return all.map(({ on }) => on.id).filter((id) => id.startsWith('exported-'));
    };
    const ids = await until('the audit has all', async () => {
      const seen = await exported();
      return seen.length >= wanted.length && seen;
    });
    expect([...ids].sort()).toEqual([...wanted].sort());
  });
});
