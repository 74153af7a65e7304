import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { strFromU8, unzipSync } from 'fflate';
import { createBundles } from '../../../src/api/bundles.js';
import { ADMIN_TOKEN, CSR, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

const DEVICE = '/api/v1/devices/pump-7';
const BEARER = { Authorization: `Bearer ${ADMIN_TOKEN}` };

describe('credentials over REST', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/devices', { id: 'pump-7' });
  });
  afterAll(() => under.stop());

  const fetchZip = (path: string): ReturnType<typeof under.admin.get> =>
    under.admin
      .get(path)
      .buffer(true)
      .parse((response, done) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done(null, Buffer.concat(chunks)));
      });

  test('SEC-23 the same CSR gives the same certificate, one after the other and at once', async () => {
    const csr = `${CSR}same`;
    const answers = await Promise.all([1, 2, 3].map(() => under.admin.post(`${DEVICE}/certificates`, { csr })));
    answers.push(await under.admin.post(`${DEVICE}/certificates`, { csr }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.fingerprint)).size).toBe(1);
    const listed = await under.admin.get(`${DEVICE}/certificates`);
    expect(listed.body.items).toHaveLength(1);
    expect(listed.body.items[0]).toMatchObject({ fingerprint: answers[0]!.body.fingerprint, state: 'active' });
    expect(answers[0]!.body.ca).toContain('BEGIN CERTIFICATE');
  });

  test('SEC-28 revoking a certificate is journaled with its reason before the answer, and idempotent', async () => {
    await under.admin.post('/api/v1/devices', { id: 'revoked-1' });
    const at = '/api/v1/devices/revoked-1/certificates';
    const { fingerprint } = (await under.admin.post(at, { csr: CSR })).body;
    const first = await under.admin.delete(`${at}/${fingerprint}`, { reason: 'key lost' });
    const event = under.memory.stream('device/default/revoked-1').at(-1)!;
    expect([first.status, event.type, first.headers['fleetlog-sequence']]).toEqual([204, 'CertificateRevoked', '3']);
    const again = await under.admin.delete(`${at}/${fingerprint}`, { reason: 'again' });
    expect([again.status, again.headers['fleetlog-sequence']]).toEqual([204, undefined]);
    expect((await under.admin.get(at)).body.items[0]).toMatchObject({ state: 'revoked', revokeReason: 'key lost' });
    expect((await under.admin.delete(`${at}/${'0'.repeat(64)}`)).body.code).toBe('CERTIFICATE_NOT_FOUND');
  });

  test('a third active certificate is refused', async () => {
    await under.admin.post('/api/v1/devices', { id: 'full' });
    const issue = (): ReturnType<typeof under.admin.post> =>
      under.admin.post('/api/v1/devices/full/certificates', { generateKey: true });
    expect([(await issue()).status, (await issue()).status]).toEqual([201, 201]);
    expect((await issue()).body.code).toBe('CERTIFICATE_LIMIT');
  });

  test('a bad CSR is refused at its member', async () => {
    const refused = await under.admin.post(`${DEVICE}/certificates`, { csr: 'nonsense' });
    expect([refused.status, refused.body.code]).toEqual([422, 'CSR_INVALID']);
    expect(refused.body.errors[0].pointer).toBe('/csr');
  });

  test('SEC-20 a key made by the server leaves once; the second download is 410', async () => {
    await under.admin.post('/api/v1/devices', { id: 'bundled' });
    const issued = await under.admin.post('/api/v1/devices/bundled/certificates', { generateKey: true });
    expect(issued.text).not.toContain('PRIVATE KEY');
    const looked = await fetch(`${under.url}${issued.body.bundle as string}`, { method: 'HEAD', headers: BEARER });
    expect(looked.status).toBe(405);
    const zip = await fetchZip(issued.body.bundle);
    expect([zip.status, zip.type]).toEqual([200, 'application/zip']);
    const files = unzipSync(new Uint8Array(zip.body));
    expect(Object.keys(files).sort()).toEqual(['README.txt', 'ca.pem', 'certificate.pem', 'private-key.pem']);
    expect(strFromU8(files['certificate.pem']!)).toBe(issued.body.certificate);
    expect(strFromU8(files['README.txt']!)).toContain(
      'mosquitto_pub -h fleetlog.example -p 8883 --cafile ca.pem --cert certificate.pem --key private-key.pem',
    );
    const again = await under.admin.get(issued.body.bundle);
    expect([again.status, again.body.code]).toEqual([410, 'BUNDLE_GONE']);
    const key = strFromU8(files['private-key.pem']!).split('\n')[1]!;
    const journaled = under.memory.rows
      .flat()
      .map((event) => `${event.payload.toString()}${event.metadata.toString()}`);
    expect(journaled.join('')).not.toContain(key);
    expect(JSON.stringify(under.logger.lines)).not.toContain(key);
  });

  test('SEC-20 an RSA key leaves also as a key store with its password, and nowhere else', async () => {
    await under.admin.post('/api/v1/devices', { id: 'plc' });
    const issued = await under.admin.post('/api/v1/devices/plc/certificates', { generateKey: true, keyType: 'RSA' });
    expect([issued.status, issued.body.keyType]).toEqual([201, 'RSA 2048']);
    const files = unzipSync(new Uint8Array((await fetchZip(issued.body.bundle)).body));
    expect(Object.keys(files).sort()).toEqual([
      'README.txt',
      'ca.pem',
      'certificate.pem',
      'device.p12',
      'device.p12.password.txt',
      'private-key.pem',
    ]);
    const password = strFromU8(files['device.p12.password.txt']!);
    expect(password).toMatch(/^[\w-]{32}$/);
    expect(files['device.p12']).toHaveLength(64);
    expect(strFromU8(files['README.txt']!)).toContain('openssl pkcs12 -in device.p12');
    expect(strFromU8(files['README.txt']!)).toContain('Its entry is called\nplc\n');
    const journaled = under.memory.rows
      .flat()
      .map((event) => `${event.payload.toString()}${event.metadata.toString()}`);
    const key = strFromU8(files['private-key.pem']!).split('\n')[1]!;
    const keyStore = Buffer.from(files['device.p12']!);
    const elsewhere = [
      issued.text,
      JSON.stringify(issued.headers),
      journaled.join(''),
      JSON.stringify(under.logger.lines),
    ].join('');
    for (const secret of [key, password, keyStore.toString('base64'), keyStore.toString('hex'), 'pkcs12']) {
      expect(elsewhere).not.toContain(secret);
    }
  });

  test.each([
    [{ csr: CSR, keyType: 'RSA' }, '/generateKey'],
    [{ keyType: 'RSA' }, '/generateKey'],
    [{ generateKey: true, keyType: 'RSA-1024' }, '/keyType'],
    [{ csr: CSR, generateKey: true }, ''],
    [{}, ''],
  ])('a certificate can not be asked for by %j', async (body, pointer) => {
    const refused = await under.admin.post(`${DEVICE}/certificates`, body);
    expect([refused.status, refused.body.code]).toEqual([422, 'PAYLOAD_INVALID']);
    expect(refused.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test('SEC-20 a bundle that nobody fetched is gone after ten minutes', () => {
    jest.useFakeTimers();
    try {
      const bundles = createBundles({ host: 'h', port: 1 });
      const content = { device: 'd', certificate: 'c', privateKey: 'k', authority: 'a' };
      bundles.keep('kept', content);
      bundles.keep('late', content);
      jest.advanceTimersByTime(10 * 60_000 - 1);
      expect(bundles.take('kept')).toBeInstanceOf(Buffer);
      jest.advanceTimersByTime(1);
      expect(() => bundles.take('late')).toThrow(expect.objectContaining({ code: 'BUNDLE_GONE' }));
    } finally {
      jest.useRealTimers();
    }
  });

  test('SEC-11 a device token is shown once and kept as its hash', async () => {
    const created = await under.admin.post(`${DEVICE}/tokens`, { label: 'bench' });
    expect(created.status).toBe(201);
    const { id, token } = created.body;
    expect(Buffer.from(token.slice(4), 'base64url')).toHaveLength(32);
    const event = under.memory.stream('device/default/pump-7').at(-1)!;
    expect(JSON.parse(event.payload.toString())).toMatchObject({
      tokenId: id,
      sha256: createHash('sha256').update(token).digest('hex'),
    });
    const listed = await under.admin.get(`${DEVICE}/tokens`);
    expect(listed.body.items).toContainEqual(expect.objectContaining({ id, label: 'bench', state: 'active' }));
    expect(listed.text).not.toContain(token);
    expect(listed.text).not.toContain('sha256');
    expect((await under.admin.delete(`${DEVICE}/tokens/${id}`)).status).toBe(204);
    expect((await under.admin.delete(`${DEVICE}/tokens/${id}`)).status).toBe(204);
    expect((await under.admin.delete(`${DEVICE}/tokens/unknown`)).body.code).toBe('TOKEN_NOT_FOUND');
  });

  test('a token that would be born dead is refused', async () => {
    const refused = await under.admin.post(`${DEVICE}/tokens`, { expiresAt: '2001-01-01T00:00:00Z' });
    expect(refused.body.errors[0]).toMatchObject({ pointer: '/expiresAt', code: 'PAYLOAD_INVALID' });
  });

  test('SEC-81 an API token is `flt_` and 32 random bytes, shown once, and lives a year at most', async () => {
    const created = await under.admin.post('/api/v1/tokens', { role: 'viewer', label: 'report' });
    expect(created.body.token).toMatch(/^flt_[A-Za-z0-9_-]{43}$/);
    const listed = await under.admin.get('/api/v1/tokens');
    expect(listed.body.items).toContainEqual(expect.objectContaining({ id: created.body.id, role: 'viewer' }));
    expect(listed.text).not.toContain(created.body.token);
    const journaled = under.memory.rows
      .flat()
      .map((event) => event.payload.toString())
      .join('');
    expect(journaled).not.toContain(created.body.token);
    const expiresAt = new Date(Date.now() + 366 * 86_400_000).toISOString();
    expect((await under.admin.post('/api/v1/tokens', { role: 'viewer', expiresAt })).status).toBe(422);
  });

  test('an API token works from its answer on, and not any more from the answer to its revocation on', async () => {
    const slow = await startApiUnderTest({ tokenLagMs: 100 });
    try {
      const { id, token } = await slow.issueToken('viewer');
      expect((await slow.as(token).get('/api/v1/devices')).status).toBe(200);
      await slow.admin.delete(`/api/v1/tokens/${id}`);
      const refused = await slow.as(token).get('/api/v1/devices');
      expect([refused.status, refused.body.code]).toEqual([401, 'TOKEN_EXPIRED']);
    } finally {
      await slow.stop();
    }
  });
});
