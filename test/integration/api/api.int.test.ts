import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { strFromU8, unzipSync } from 'fflate';
import { sha256OfToken } from '../../../src/api/access/auth.js';
import {
  openCertificateAuthority,
  type OpenedCertificateAuthority,
} from '../../../src/transport/pki/certificate-authority.js';
import { makeCsr } from '../../support/enrolled-device.js';
import { createSilentLogger, realClock } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { ADMIN_TOKEN } from '../../unit/api/api-under-test.js';
import { answerFaults } from '../../unit/api/response-checker.js';
import { ready, startNode, type Node } from './node-on-postgres.js';

describe('REST on Postgres', () => {
  let testDatabase: TestDatabase;
  let proxy: TcpProxy;
  let folder: string;
  let authority: OpenedCertificateAuthority;
  let node: Node;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-api-'));
    authority = await openCertificateAuthority({
      dataDir: folder,
      passphrase: 'a passphrase for tests',
      clock: realClock,
      logger: createSilentLogger(),
      publicHosts: ['localhost'],
      workerUrl: new URL('../../../dist/transport/pki/signing-worker.js', import.meta.url),
    });
  });
  afterAll(async () => {
    await authority.stop();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    const { hostname, port } = new URL(testDatabase.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    node = await start();
  });
  afterEach(async () => {
    await node.stop();
    await proxy.close();
    await testDatabase.drop();
  });

  function start(): Promise<Node> {
    const url = new URL(testDatabase.url);
    url.port = String(proxy.port);
    return startNode(url.toString(), { authority });
  }

  test('a device is in the list, and its token in the look-up of the broker, when the write is answered', async () => {
    const { admin } = node.under;
    for (let n = 0; n < 20; n++) {
      const id = `own-write-${n}`;
      expect((await admin.post('/api/v1/devices', { id })).status).toBe(201);
      const listed = await admin.get(`/api/v1/devices?search=${id}`);
      expect(listed.body.items.map((item: { id: string }) => item.id)).toContain(id);
      const { token } = (await admin.post(`/api/v1/devices/${id}/tokens`)).body;
      expect(await node.deviceOfToken(sha256OfToken(token))).toEqual({ tenant: 'default', device: id });
    }
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`;
      const { body } = await admin.get(`/api/v1/devices?sort=-registeredAt&search=own-write&limit=6${cursor}`);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      next = body.next;
    }
    expect(new Set(seen).size).toBe(20);
    expect(seen).toHaveLength(20);
  });

  test('SEC-23 a certificate for the same CSR is the same, also when asked for at once; it is signed for this device', async () => {
    const { admin } = node.under;
    await admin.post('/api/v1/devices', { id: 'pump-7' });
    const { csr } = await makeCsr('somebody-else');
    const answers = await Promise.all([1, 2, 3].map(() => admin.post('/api/v1/devices/pump-7/certificates', { csr })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    const { body } = answers[0]!;
    expect(new Set(answers.map((answer) => answer.body.fingerprint)).size).toBe(1);
    const certificate = new X509Certificate(body.certificate);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(body.fingerprint);
    expect(certificate.verify(new X509Certificate(body.ca).publicKey)).toBe(true);
    expect(certificate.subject.split('\n').sort()).toEqual(['CN=pump-7', 'O=default']);
  });

  test.each(['P-256', 'RSA'])('SEC-20 the bundle holds the %s key of the certificate', async (keyType) => {
    const { admin } = node.under;
    const id = `bundled-${keyType}`;
    await admin.post('/api/v1/devices', { id });
    const issued = await admin.post(`/api/v1/devices/${id}/certificates`, { generateKey: true, keyType });
    const response = await fetch(`${node.under.url}${issued.body.bundle as string}`, {
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
    const key = createPublicKey(createPrivateKey(strFromU8(files['private-key.pem']!)));
    const certificate = new X509Certificate(strFromU8(files['certificate.pem']!));
    expect(certificate.publicKey.equals(key)).toBe(true);
    const keyStore = files['device.p12'];
    expect(keyStore !== undefined).toBe(keyType === 'RSA');
    if (keyStore === undefined) return;
    const passphrase = strFromU8(files['device.p12.password.txt']!);
    expect(() => createSecureContext({ pfx: Buffer.from(keyStore), passphrase })).not.toThrow();
  });

  test('all certificates are listed with their state as soon as the write is answered', async () => {
    const { admin } = node.under;
    const list = async (query: string) => {
      const answer = await admin.get(`/api/v1/certificates?${query}`);
      expect(answerFaults('/api/v1/certificates', 'get', answer)).toEqual([]);
      return answer.body.items as { readonly device: string; readonly state: string }[];
    };
    for (const id of ['one', 'two']) {
      await admin.post('/api/v1/devices', { id });
      await admin.post(`/api/v1/devices/${id}/certificates`, { generateKey: true });
    }
    expect((await list('')).map(({ device, state }) => `${device} ${state}`).sort()).toEqual([
      'one active',
      'two active',
    ]);
    const [one] = (await admin.get('/api/v1/devices/one/certificates')).body.items;
    const revocation = await admin.delete(`/api/v1/devices/one/certificates/${one.fingerprint}`, { reason: 'lost' });
    expect(await list('state=revoked')).toMatchObject([
      {
        device: 'one',
        fingerprint: one.fingerprint,
        revokeReason: 'lost',
        revokedSequence: Number(revocation.headers['fleetlog-sequence']),
        lastUsedAt: null,
      },
    ]);
    expect(await list('device=two&expiresWithin=366')).toHaveLength(1);
    expect(await list('expiresWithin=30')).toEqual([]);
    const page = await admin.get('/api/v1/certificates?limit=1');
    const rest = await admin.get(`/api/v1/certificates?limit=1&cursor=${page.body.next as string}`);
    expect(new Set([...page.body.items, ...rest.body.items].map(({ device }) => device))).toEqual(
      new Set(['one', 'two']),
    );
    expect(rest.body.next).toBeNull();
    const card = await admin.get('/api/v1/system/authority');
    expect(card.body).toMatchObject({ fingerprint: authority.fingerprint, crl: null });
  });

  test('lines hold payload and metadata byte for byte as Postgres does', async () => {
    const { admin } = node.under;
    await admin.post('/api/v1/devices', { id: 'bytes', attributes: { z: 1, a: 0.1, text: 'ü\u2028"' } });
    const lines = (await admin.get('/api/v1/events').accept('application/x-ndjson').buffer(true)).text
      .trim()
      .split('\n');
    const rows = await testDatabase.query<{ payload: Buffer; metadata: Buffer }>(
      'select payload, metadata from journal order by shard, position',
    );
    expect(lines).toHaveLength(rows.length);
    for (const [index, { payload, metadata }] of rows.entries()) {
      expect(lines[index]).toContain(`"payload":${payload.toString()},"metadata":${metadata.toString()}}`);
    }
  });

  test('I9 after a restart tokens, devices and positions are what they were', async () => {
    const { admin } = node.under;
    const { token } = await node.under.issueToken('admin', 'acme');
    const revoked = await node.under.issueToken('admin', 'acme');
    await node.under.as(token).delete(`/api/v1/tokens/${revoked.id}`);
    await node.under.as(token).post('/api/v1/devices', { id: 'kept', name: 'before' });
    const before = await node.under.as(token).get('/api/v1/devices/kept');
    const events = await admin.get('/api/v1/events?limit=1000');
    await node.stop();

    node = await start();
    const after = await node.under.as(token).get('/api/v1/devices/kept');
    expect(after.body).toEqual(before.body);
    expect(after.headers['etag']).toBe(before.headers['etag']);
    expect((await node.under.as(revoked.token).get('/api/v1/devices')).body.code).toBe('TOKEN_EXPIRED');
    expect((await node.under.as(token).get('/api/v1/tokens')).body.items).toHaveLength(2);
    await node.under.admin.post('/api/v1/devices', { id: 'afterwards' });
    const more = await node.under.admin.get(`/api/v1/events?after=${events.body.after as string}`);
    expect(more.body.items.map((event: { device: string }) => event.device)).toContain('afterwards');
  });

  test('SEC-82 Postgres gone is 503 without a word of it, and heals by itself', async () => {
    const { admin, logger } = node.under;
    proxy.set({ kind: 'down' });
    let refused = await admin.get('/api/v1/devices');
    while (refused.status !== 503) refused = await admin.get('/api/v1/devices');
    expect(refused.body).toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    expect(refused.headers['retry-after']).toBeDefined();
    expect(refused.text).not.toMatch(/ECONN|postgres|pg_|127\.0\.0\.1/i);
    expect(logger.lines.some(({ level }) => level === 'error')).toBe(true);
    proxy.set({ kind: 'pass' });
    while ((await admin.get('/api/v1/devices')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    await ready(node.under);
  });
});
