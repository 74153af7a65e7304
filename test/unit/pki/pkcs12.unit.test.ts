import { beforeAll, describe, expect, test } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KeyedDeviceCertificate, Pkcs12File } from '../../../src/actors/kernel/ports/certificates.js';
import { makeFolder, openAuthority, openssl, shareAuthority } from './folder.js';

const SUBJECT = { tenant: 'acme', device: 'plc:7' };

const run = promisify(execFile);
const shared = shareAuthority();

describe('a key store for devices whose TLS stack wants RSA', () => {
  let issued: KeyedDeviceCertificate & { readonly pkcs12: Pkcs12File };
  beforeAll(async () => {
    const made = await shared().issueWithKey(SUBJECT, 'RSA');
    if (made.pkcs12 === undefined) throw new Error('there is no key store');
    issued = { ...made, pkcs12: made.pkcs12 };
  });

  /** What `openssl pkcs12` prints of the file, and what it says about it on the way. */
  async function open(options: readonly string[], { file, password } = issued.pkcs12) {
    const folder = await makeFolder();
    await writeFile(join(folder, 'device.p12'), file);
    return run('openssl', ['pkcs12', '-in', 'device.p12', '-passin', `pass:${password}`, ...options], { cwd: folder });
  }
  const read = async (options: readonly string[]): Promise<string> => (await open(options)).stdout;

  test('X4 openssl opens it: the key, its certificate and that of the authority, byte for byte', async () => {
    const key = await read(['-nocerts', '-noenc']);
    expect(createPrivateKey(key).equals(createPrivateKey(issued.privateKey))).toBe(true);
    expect(createPrivateKey(key).asymmetricKeyDetails).toEqual({ modulusLength: 2048, publicExponent: 65537n });
    // `-clcerts` and `-cacerts` tell them apart by the localKeyId that key and certificate share.
    const leaf = new X509Certificate(await read(['-nokeys', '-clcerts']));
    const authority = new X509Certificate(await read(['-nokeys', '-cacerts']));
    expect(leaf.raw).toEqual(new X509Certificate(issued.certificate).raw);
    expect(authority.raw).toEqual(new X509Certificate(shared().certificate).raw);
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
  });

  test('X4 the entry is called like the device', async () => {
    const text = await read(['-noenc']);
    expect(text.match(/friendlyName: .*/g)).toEqual(['friendlyName: plc:7', 'friendlyName: plc:7']);
  });

  test('X4 the key is under AES-256, the whole under a MAC, either with 100000 rounds of SHA-256', async () => {
    const { stderr } = await open(['-info', '-noout']);
    expect(stderr).toContain('MAC: sha256, Iteration 100000\nMAC length: 32, salt length: 16\n');
    expect(stderr).toContain('Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256\n');
  });

  test('X4 another password is refused, and so is a file in which one bit differs', async () => {
    const { file, password } = issued.pkcs12;
    await expect(open(['-noenc'], { file, password: `${password}x` })).rejects.toThrow(/Mac verify error/);
    const changed = Buffer.from(file);
    const at = changed.indexOf(new X509Certificate(issued.certificate).raw);
    expect(at).toBeGreaterThan(0);
    changed.writeUInt8(changed.readUInt8(at + 100) ^ 1, at + 100);
    await expect(open(['-noenc'], { file: changed, password })).rejects.toThrow(/Mac verify error/);
  });

  test('SEC-20 the password has 192 random bits and opens this file alone', async () => {
    const other = await shared().issueWithKey(SUBJECT, 'RSA');
    expect(issued.pkcs12.password).toMatch(/^[\w-]{32}$/);
    expect(other.pkcs12?.password).not.toBe(issued.pkcs12.password);
    expect(other.publicKeySha256).not.toBe(issued.publicKeySha256);
  });

  test('SEC-20 neither key nor password nor key store stays in the data directory', async () => {
    const dataDir = await makeFolder();
    const authority = await openAuthority({ dataDir });
    const { privateKey, pkcs12 } = await authority.issueWithKey(SUBJECT, 'RSA');
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name).sort()).toEqual(['authority.json', 'passphrase']);
    for (const { parentPath, name } of files) {
      const content = await readFile(join(parentPath, name));
      expect(content.includes(privateKey.split('\n')[1]!)).toBe(false);
      expect(content.includes(pkcs12!.password)).toBe(false);
    }
  });

  test('X1 the certificate for the RSA key is signed by the EC authority like every other', async () => {
    expect(issued.keyType).toBe('RSA 2048');
    const folder = await makeFolder();
    const files = { 'ca.pem': shared().certificate, 'device.pem': issued.certificate };
    const verify = ['verify', '-purpose', 'sslclient', '-x509_strict', '-CAfile', 'ca.pem', 'device.pem'];
    expect(await openssl(folder, verify, files)).toBe('device.pem: OK\n');
    expect(new X509Certificate(issued.certificate).subject).toBe('O=acme\nCN=plc:7');
  });

  test('a P-256 key comes without a key store', async () => {
    expect(await shared().issueWithKey(SUBJECT, 'P-256')).not.toHaveProperty('pkcs12');
  });
});
