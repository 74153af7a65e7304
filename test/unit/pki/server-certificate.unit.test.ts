import { expect, test } from '@jest/globals';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFixedClock } from '../../support/fake-ports.js';
import { makeFolder, openAuthority, openssl, shareAuthority } from './folder.js';

const DAY_MS = 86_400_000;
const HOSTS = ['fleet.example.org', '10.1.2.3'];

const shared = shareAuthority({ publicHosts: HOSTS });

test('SEC-09 it serves all hosts with a key of its own, and no client may use it as one', async () => {
  const folder = await makeFolder();
  const authority = shared();
  const { key, cert } = await authority.serverCertificate();
  const certificate = new X509Certificate(cert);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(createPublicKey(key).equals(new X509Certificate(authority.certificate).publicKey)).toBe(false);
  expect(['localhost', 'fleet.example.org'].map((host) => certificate.checkHost(host))).not.toContain(undefined);
  expect(['127.0.0.1', '::1', '10.1.2.3'].map((host) => certificate.checkIP(host))).not.toContain(undefined);
  expect(certificate.checkHost('example.org')).toBeUndefined();
  const verify = ['verify', '-purpose', 'sslserver', '-x509_strict', '-CAfile', 'ca.pem', 'server.crt'];
  expect(await openssl(folder, verify, { 'ca.pem': authority.certificate, 'server.crt': cert })).toBe(
    'server.crt: OK\n',
  );
  await expect(openssl(folder, verify.with(2, 'sslclient'))).rejects.toThrow(/error/);
});

test('SEC-09 it is kept over restarts, and renewed when less than 32 of its 90 days are left', async () => {
  const folder = await makeFolder();
  const clock = createFixedClock();
  const first = await openAuthority({ dataDir: folder, clock });
  const made = await first.serverCertificate();
  expect(made.notAfter).toBe(clock.now() + 90 * DAY_MS);
  await first.stop();
  const second = await openAuthority({ dataDir: folder, clock });
  clock.advance(58 * DAY_MS - 1000);
  expect(await second.serverCertificate()).toEqual(made);
  clock.advance(1000);
  const renewed = await second.serverCertificate();
  expect(renewed.key).not.toBe(made.key);
  expect(renewed.notAfter).toBe(clock.now() + 90 * DAY_MS);
});

test.each([
  ['a host was added', () => Promise.resolve(), HOSTS],
  ['the file is cut', (folder: string) => writeFile(join(folder, 'pki', 'server.pem'), '-----BEGIN PRIV'), []],
  ['the file is empty', (folder: string) => writeFile(join(folder, 'pki', 'server.pem'), ''), []],
])('a new one is made when %s', async (_reason, change, publicHosts) => {
  const folder = await makeFolder();
  const first = await openAuthority({ dataDir: folder });
  const { cert } = await first.serverCertificate();
  await first.stop();
  await change(folder);
  const second = await openAuthority({ dataDir: folder, publicHosts });
  expect((await second.serverCertificate()).cert).not.toBe(cert);
});

test('one of another authority is not used', async () => {
  const folder = await makeFolder();
  const { key, cert } = await shared().serverCertificate();
  const authority = await openAuthority({ dataDir: folder });
  await writeFile(join(folder, 'pki', 'server.pem'), key + cert, { mode: 0o600 });
  expect((await authority.serverCertificate()).cert).not.toBe(cert);
});

test('callers at the same time get the same one', async () => {
  const authority = shared();
  const [one, two] = await Promise.all([authority.serverCertificate(), authority.serverCertificate()]);
  expect(one).toBe(two);
});
