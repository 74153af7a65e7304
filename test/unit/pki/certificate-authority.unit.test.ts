import { describe, expect, test } from '@jest/globals';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createFixedClock } from '../../support/fake-ports.js';
import { makeFolder, openAuthority, openssl, shareAuthority } from './folder.js';
import { der, hex, makeRequest, pem, sequence, subjectOf } from './request-maker.js';

const DAY_MS = 86_400_000;
const SUBJECT = { tenant: 'acme', device: 'pump-7' };
const KEYS = {
  'EC P-256': () => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), signature: 'ecdsa sha256' as const }),
  'EC P-384': () => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-384' }), signature: 'ecdsa sha384' as const }),
  Ed25519: () => ({ ...generateKeyPairSync('ed25519'), signature: 'ed25519' as const }),
  'RSA 2048': () => ({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }), signature: 'rsa sha256' as const }),
};
const newCsr = (): string => pem(makeRequest(KEYS['EC P-256']()));

const clock = createFixedClock(Math.floor(Date.now() / 1000) * 1000);
const shared = shareAuthority({ clock });

describe('certificates for devices', () => {
  test.each(Object.entries(KEYS))(
    'X1, SEC-25 a certificate for a %s key passes openssl verify -x509_strict',
    async (keyType, makeKey) => {
      const folder = await makeFolder();
      const authority = shared();
      const issued = await authority.issueFromCsr(pem(makeRequest(makeKey())), SUBJECT);
      expect(issued.keyType).toBe(keyType);
      const files = { 'ca.pem': authority.certificate, 'device.pem': issued.certificate };
      const verify = ['verify', '-purpose', 'sslclient', '-x509_strict', '-CAfile', 'ca.pem', 'device.pem'];
      expect(await openssl(folder, verify, files)).toBe('device.pem: OK\n');
      await expect(openssl(folder, verify.with(2, 'sslserver'))).rejects.toThrow(/error/);
    },
  );

  test('SEC-25 what stands in it', async () => {
    const folder = await makeFolder();
    const authority = shared();
    const issued = await authority.issueFromCsr(newCsr(), SUBJECT);
    const text = await openssl(folder, ['x509', '-in', 'device.pem', '-noout', '-text'], {
      'device.pem': issued.certificate,
    });
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \n\s+TLS Web Client Authentication\n/);
    expect(text).toMatch(/Subject Key Identifier/);
    expect(text).toMatch(/Authority Key Identifier/);
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256'); // X3: never SHA-1
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.subject).toBe('O=acme\nCN=pump-7');
    expect(issued).toMatchObject({
      fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: certificate.serialNumber.toLowerCase(),
      notBefore: clock.now() - 3_600_000,
      notAfter: clock.now() + 365 * DAY_MS,
    });
  });

  test('SEC-25 serials are 128 random bits', async () => {
    const authority = shared();
    const csr = newCsr();
    const serials = await Promise.all(
      Array.from({ length: 40 }, async () => (await authority.issueFromCsr(csr, SUBJECT)).serial),
    );
    expect(new Set(serials).size).toBe(40);
    const numbers = serials.map((serial) => BigInt(`0x${serial}`));
    expect(numbers.every((number) => number >= 0n && number < 1n << 128n)).toBe(true);
    // Of 40 random numbers, one has its highest bit set unless a coin falls the same way 40 times.
    expect(numbers.some((number) => number >= 1n << 127n)).toBe(true);
    expect(numbers.some((number) => number < 1n << 127n)).toBe(true);
  });

  test('SEC-21 subject, names and extensions of the request are ignored', async () => {
    const authority = shared();
    const asksForCa = sequence(hex('0603551d13'), hex('0101ff'), der(0x04, sequence(hex('0101ff'))));
    const extensionRequest = sequence(hex('06092a864886f70d01090e'), der(0x31, sequence(asksForCa)));
    const csr = pem(
      makeRequest({ ...KEYS['EC P-256'](), subject: subjectOf('admin'), attributes: der(0xa0, extensionRequest) }),
    );
    const certificate = new X509Certificate((await authority.issueFromCsr(csr, SUBJECT)).certificate);
    expect(certificate.subject).toBe('O=acme\nCN=pump-7');
    expect(certificate.ca).toBe(false);
    expect(certificate.subjectAltName).toBeUndefined();
  });

  test('SEC-23 the public key of a request is told before issuing, and a bad request is refused by both', async () => {
    const authority = shared();
    const csr = newCsr();
    expect(await authority.publicKeyOfCsr(csr)).toBe((await authority.issueFromCsr(csr, SUBJECT)).publicKeySha256);
    const refused = { code: 'CSR_INVALID', pointer: '/csr' };
    await expect(authority.publicKeyOfCsr(`${csr}x`)).rejects.toMatchObject(refused);
    await expect(authority.issueFromCsr(`${csr}x`, SUBJECT)).rejects.toMatchObject(refused);
  });

  test('SEC-20 a server-made key fits its certificate and is written nowhere', async () => {
    const folder = await makeFolder();
    const authority = await openAuthority({ dataDir: folder });
    const { privateKey, certificate, keyType } = await authority.issueWithKey(SUBJECT, 'P-256');
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
    expect(keyType).toBe('EC P-256');
    const body = privateKey.split('\n')[1]!;
    for (const name of await readdir(join(folder, 'pki'))) {
      expect(await readFile(join(folder, 'pki', name), 'utf8')).not.toContain(body);
    }
  });

  test.each(['', '.', '..', 'a/b', 'a+b', '+', '#', '$SYS', 'a\0', 'a b', 'dеv1', 'ｄev', 'a'.repeat(129), 'a%41'])(
    'X6, SEC-03 no certificate for the device or tenant %j',
    async (name) => {
      const authority = shared();
      const refused = { code: 'PARAMETER_INVALID' };
      await expect(authority.issueWithKey({ tenant: 'default', device: name }, 'P-256')).rejects.toMatchObject(refused);
      await expect(authority.issueFromCsr(newCsr(), { tenant: name, device: 'd' })).rejects.toMatchObject(refused);
    },
  );

  test('names of 128 characters are issued whole', async () => {
    const folder = await makeFolder();
    const authority = shared();
    const subject = { tenant: 'T'.repeat(128), device: 'd'.repeat(128) };
    const { certificate } = await authority.issueWithKey(subject, 'P-256');
    expect(new X509Certificate(certificate).subject).toBe(`O=${subject.tenant}\nCN=${subject.device}`);
    const files = { 'ca.pem': authority.certificate, 'device.pem': certificate };
    expect(await openssl(folder, ['verify', '-x509_strict', '-CAfile', 'ca.pem', 'device.pem'], files)).toContain('OK');
  });
});

describe('the authority over time', () => {
  test('SEC-31 its key is encrypted, files are 0600, and the next start opens the same authority', async () => {
    const folder = await makeFolder();
    const passphrase = 'correct horse battery';
    const first = await openAuthority({ dataDir: folder, passphrase });
    await first.serverCertificate();
    await first.stop();
    const second = await openAuthority({ dataDir: folder, passphrase });
    expect({ certificate: second.certificate, fingerprint: second.fingerprint }).toEqual({
      certificate: first.certificate,
      fingerprint: first.fingerprint,
    });
    expect(new X509Certificate(first.certificate).verify(new X509Certificate(first.certificate).publicKey)).toBe(true);
    expect((await stat(join(folder, 'pki'))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(join(folder, 'pki'))) {
      expect((await stat(join(folder, 'pki', name))).mode & 0o777).toBe(0o600);
    }
    expect((await readdir(join(folder, 'pki'))).sort()).toEqual(['authority.json', 'server.pem']);
  });

  test('a certificate never outlives its authority', async () => {
    const laterClock = createFixedClock();
    const authority = await openAuthority({ dataDir: await makeFolder(), clock: laterClock });
    laterClock.advance(authority.notAfter - laterClock.now() - 10 * DAY_MS);
    expect((await authority.issueWithKey(SUBJECT, 'P-256')).notAfter).toBe(authority.notAfter);
  });

  test('after the stop nothing is issued', async () => {
    const authority = await openAuthority({ dataDir: await makeFolder() });
    await authority.stop();
    await expect(authority.issueWithKey(SUBJECT, 'P-256')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});
