import { describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { readPeerIdentity, type PeerIdentity } from '../../../src/transport/pki/identity.js';
import { after, makeFolder, openssl, shareAuthority } from './folder.js';

const shared = shareAuthority();

/** What Node makes of a certificate with this subject, in the notation of openssl. */
async function certificateOf(subject: string) {
  const folder = await makeFolder();
  await openssl(folder, [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'k.pem',
    '-out',
    'c.pem',
    '-utf8',
    '-subj',
    subject,
  ]);
  return new X509Certificate(await readFile(join(folder, 'c.pem'))).toLegacyObject();
}

describe('X6, SEC-03 the subject counts only when it is exactly one proper name', () => {
  test.each([
    ['/CN=dev1', 'default', 'dev1'],
    ['/O=acme/CN=dev1', 'acme', 'dev1'],
    ['/CN=dev1/O=acme/OU=x', 'acme', 'dev1'],
    ['/CN=__proto__/O=constructor', 'constructor', '__proto__'],
    [`/CN=${'a'.repeat(64)}`, 'default', 'a'.repeat(64)],
  ])('%s', async (subject, tenant, device) => {
    expect(readPeerIdentity(await certificateOf(subject))).toMatchObject({ tenant, device });
  });

  test.each([
    '/O=acme',
    '/CN=dev1/CN=dev2',
    '/O=a/O=b/CN=dev1',
    '/CN=\\+',
    '/CN=dev1/O=\\+',
    '/CN=a\\/b',
    '/CN=#',
    '/CN=$SYS',
    '/CN=dev 1',
    '/CN=.',
    '/CN=..',
    '/CN=dеv1',
    '/CN=dev1/O=аcme',
    '/CN=dev1/O=a b',
    '/CN=a%31',
  ])('%s is nobody', async (subject) => {
    expect(readPeerIdentity(await certificateOf(subject))).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['no certificate', undefined],
    ['an empty one, as Node answers when there is none', {}],
    [
      'a name that is no text',
      { subject: { CN: ['dev1'] }, fingerprint256: 'AA', valid_to: 'Jan  1 00:00:00 2030 GMT' },
    ],
    ['an empty name', { subject: { CN: '' }, fingerprint256: 'AA', valid_to: 'Jan  1 00:00:00 2030 GMT' }],
    ['an empty tenant', { subject: { CN: 'd', O: '' }, fingerprint256: 'AA', valid_to: 'Jan  1 00:00:00 2030 GMT' }],
    ['NUL', { subject: { CN: 'dev1\0' }, fingerprint256: 'AA', valid_to: 'Jan  1 00:00:00 2030 GMT' }],
    [
      '129 characters',
      { subject: { CN: 'd'.repeat(129) }, fingerprint256: 'AA', valid_to: 'Jan  1 00:00:00 2030 GMT' },
    ],
    ['no end', { subject: { CN: 'd' }, fingerprint256: 'AA' }],
    ['no fingerprint', { subject: { CN: 'd' }, valid_to: 'Jan  1 00:00:00 2030 GMT' }],
  ])('%s is nobody', (_name, certificate) => {
    expect(readPeerIdentity(certificate as Parameters<typeof readPeerIdentity>[0])).toBeUndefined();
  });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'over %s the server reads who connects, on a full handshake and on a resumed session',
  async (version) => {
    const authority = shared();
    const device = await authority.issueWithKey({ tenant: 'acme', device: 'd'.repeat(128) }, 'P-256');
    const { key, cert } = await authority.serverCertificate();
    const seen: (PeerIdentity | undefined)[] = [];
    const server = createServer(
      { key, cert, ca: authority.certificate, requestCert: true, rejectUnauthorized: true, maxVersion: version },
      (socket) => {
        seen.push(readPeerIdentity(socket.getPeerCertificate()));
        socket.end('hello');
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(() => new Promise((resolve) => server.close(resolve)));
    const visit = async (session?: Buffer): Promise<{ session: Buffer | undefined; resumed: boolean }> => {
      const { port } = server.address() as AddressInfo;
      const socket = connect({
        host: '127.0.0.1',
        port,
        key: device.privateKey,
        cert: device.certificate,
        ca: authority.certificate,
        ...(session && { session }),
      });
      let ticket: Buffer | undefined;
      socket.on('session', (offered) => (ticket = offered));
      socket.resume();
      await once(socket, 'secureConnect');
      const resumed = socket.isSessionReused();
      await once(socket, 'close');
      return { session: ticket, resumed };
    };
    const first = await visit();
    const second = await visit(first.session);
    expect([first.resumed, second.resumed]).toEqual([false, true]);
    const identity = {
      tenant: 'acme',
      device: 'd'.repeat(128),
      fingerprint: device.fingerprint,
      notAfter: device.notAfter,
    };
    expect(seen).toEqual([identity, identity]);
  },
);
