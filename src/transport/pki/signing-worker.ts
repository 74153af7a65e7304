/** The signing thread: reads hostile requests and signs, off the event loop that serves devices (SEC-34). */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { IssuedCertificate } from '../../actors/kernel/ports.js';
import { buildAuthority, buildDevice, buildServer, importSigningKey, issuerOf } from './certificate-builder.js';
import { readCertificateRequest } from './csr.js';
import type { SigningAnswer, SigningJob, SigningJobs, SigningRequest, SigningThreadData } from './signing-protocol.js';

const data = workerData as SigningThreadData;
const signingKey = await importSigningKey(data.key);
const issuer = data.certificate === undefined ? undefined : issuerOf(data.certificate, signingKey);

const jobs: { readonly [J in SigningJob]: (input: SigningJobs[J]['input']) => Promise<SigningJobs[J]['output']> } = {
  authority: (input) => buildAuthority(signingKey, ownPublicKey(), input),
  async server({ hosts, ...validity }) {
    const { spki, privateKey } = newKey();
    return { key: privateKey, certificate: await buildServer(requireIssuer(), spki, hosts, validity) };
  },
  async deviceFromCsr({ csr, subject, ...validity }) {
    const request = readCertificateRequest(csr);
    return describe(await buildDevice(requireIssuer(), request.publicKey, subject, validity), request);
  },
  async deviceWithKey({ subject, ...validity }) {
    const { spki, privateKey, publicKeySha256 } = newKey();
    const certificate = await buildDevice(requireIssuer(), spki, subject, validity);
    return { ...describe(certificate, { keyType: 'EC P-256', publicKeySha256 }), privateKey };
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

function requireIssuer() {
  if (issuer === undefined) throw new Error('the signing thread was started without a certificate');
  return issuer;
}

function ownPublicKey(): Buffer {
  const key = createPrivateKey({ key: Buffer.from(data.key), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return {
    spki,
    publicKeySha256: createHash('sha256').update(spki).digest('hex'),
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
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
