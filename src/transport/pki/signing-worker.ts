/** The signing thread: reads hostile requests and signs, off the event loop that serves devices (SEC-34). */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { IssuedCertificate, NewKeyType, Pkcs12File } from '../../actors/kernel/ports/certificates.js';
import { buildAuthority, buildDevice, buildServer, importSigningKey, issuerOf } from './certificate-builder.js';
import { readCertificateRequest } from './csr.js';
import { buildPkcs12 } from './pkcs12.js';
import type { SigningAnswer, SigningJob, SigningJobs, SigningRequest, SigningThreadData } from './signing-protocol.js';

const data = workerData as SigningThreadData;
const signingKey = await importSigningKey(data.key);
const issuer = data.certificate === undefined ? undefined : ownIssuer(data.certificate);
/** 112 bits of strength, which TLS stacks of any age take. */
const RSA_BITS = 2048;

const jobs: { readonly [J in SigningJob]: (input: SigningJobs[J]['input']) => Promise<SigningJobs[J]['output']> } = {
  authority: (input) => buildAuthority(signingKey, ownPublicKey(), input),
  async server({ hosts, ...validity }) {
    const { spki, privateKey } = await newKey('P-256');
    return { key: pkcs8(privateKey), certificate: await buildServer(requireIssuer(), spki, hosts, validity) };
  },
  async deviceFromCsr({ csr, subject, ...validity }) {
    const request = readCertificateRequest(csr);
    return describe(await buildDevice(requireIssuer(), request.publicKey, subject, validity), request);
  },
  async deviceWithKey({ subject, keyType, ...validity }) {
    const key = await newKey(keyType);
    const certificate = await buildDevice(requireIssuer(), key.spki, subject, validity);
    const issued = { ...describe(certificate, key), privateKey: pkcs8(key.privateKey) };
    return keyType === 'RSA' ? { ...issued, pkcs12: keyStore(subject.device, key.privateKey, certificate) } : issued;
  },
  publicKeyOfCsr: ({ csr }) => Promise.resolve(readCertificateRequest(csr).publicKeySha256),
};

parentPort?.on('message', (request: SigningRequest) => {
  void answer(request).then((message) => parentPort?.postMessage(message));
});

async function answer<J extends SigningJob>({ id, job, input }: SigningRequest<J>): Promise<SigningAnswer> {
  try {
    return { id, output: await jobs[job](input) };
  } catch (error) {
    if (!(error instanceof FleetlogError))
      return { id, refusal: { code: 'INTERNAL', detail: 'The certificate could not be made.' } };
    const { code, message, pointer } = error;
    return { id, refusal: { code, detail: message, ...(pointer === undefined ? {} : { pointer }) } };
  }
}

function ownIssuer(certificate: string) {
  return { ...issuerOf(certificate, signingKey), der: new X509Certificate(certificate).raw };
}

function requireIssuer() {
  if (issuer === undefined) throw new Error('the signing thread was started without a certificate');
  return issuer;
}

function ownPublicKey(): Buffer {
  const key = createPrivateKey({ key: Buffer.from(data.key), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

async function newKey(type: NewKeyType) {
  // Not by the synchronous function: an RSA key takes a while, and other jobs can go on meanwhile.
  const { privateKey, publicKey } = await (type === 'RSA'
    ? promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })
    : promisify(generateKeyPair)('ec', { namedCurve: 'P-256' }));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const publicKeySha256 = createHash('sha256').update(spki).digest('hex');
  return { spki, publicKeySha256, privateKey, keyType: type === 'RSA' ? `RSA ${RSA_BITS}` : 'EC P-256' };
}

function pkcs8(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function keyStore(device: string, key: KeyObject, certificate: string): Pkcs12File {
  return buildPkcs12({
    friendlyName: device,
    rsaPrivateKey: key.export({ format: 'der', type: 'pkcs1' }),
    certificate: new X509Certificate(certificate).raw,
    authority: requireIssuer().der,
  });
}

function describe(pem: string, key: { readonly keyType: string; readonly publicKeySha256: string }): IssuedCertificate {
  const certificate = new X509Certificate(pem);
  return {
    certificate: pem,
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    keyType: key.keyType,
    publicKeySha256: key.publicKeySha256,
  };
}
