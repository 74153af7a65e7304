import { createHash, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import {
  buildAuthority,
  buildDevice,
  buildServer,
  issuerOf,
  type Issuer,
} from '../../src/transport/pki/certificate-builder.js';

const DAY_MS = 86_400_000;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };

/** A key and its certificate, PEM. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface TestAuthority {
  readonly cert: string;
  readonly issuer: Issuer;
  server(): Promise<TestCertificate>;
  device(
    tenant: string,
    device: string,
    validity?: { notBefore?: number; notAfter?: number },
  ): Promise<TestCertificate>;
}

export async function makeKey(): Promise<{
  readonly privateKey: webcrypto.CryptoKey;
  readonly pem: string;
  readonly spki: Uint8Array;
}> {
  const pair = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey));
  const lines = pkcs8.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    privateKey: pair.privateKey,
    pem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    spki: new Uint8Array(await webcrypto.subtle.exportKey('spki', pair.publicKey)),
  };
}

/** An authority of its own kind: two with one name are two authorities all the same. */
export async function createTestAuthority(name = 'Test CA'): Promise<TestAuthority> {
  const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + 100 * DAY_MS };
  const { privateKey, spki } = await makeKey();
  const cert = await buildAuthority(privateKey, spki, { name, ...validity });
  const issuer = issuerOf(cert, privateKey);
  const finish = (key: string, leaf: string, given = validity): TestCertificate => ({
    key,
    cert: leaf,
    fingerprint: createHash('sha256').update(new NodeCertificate(leaf).raw).digest('hex'),
    ...given,
  });
  return {
    cert,
    issuer,
    async server() {
      const key = await makeKey();
      return finish(key.pem, await buildServer(issuer, key.spki, ['localhost', '127.0.0.1'], validity));
    },
    async device(tenant, device, given = {}) {
      const key = await makeKey();
      const own = { ...validity, ...given };
      return finish(key.pem, await buildDevice(issuer, key.spki, { tenant, device }, own), own);
    },
  };
}
