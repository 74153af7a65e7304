import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { cryptoProvider, PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { readCredential, writeCredential, type DeviceCredential } from './credential-folder.js';
import { RestProblem, type RestClient } from './rest-client.js';

/** Body of `POST /devices`. */
export interface DeviceRegistration {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly tags: readonly string[];
}

// The package's types know the browser's Crypto only.
cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** A certificate that ends within this time is replaced at the start rather than in the middle of a run. */
const RENEW_BEFORE_MS = 24 * 3600 * 1000;

/** Registers a device; one that exists already is left as it is. */
export async function register(rest: RestClient, registration: DeviceRegistration): Promise<void> {
  try {
    await rest.call('POST', '/devices', registration);
  } catch (error) {
    if (!(error instanceof RestProblem && error.code === 'DEVICE_EXISTS')) throw error;
  }
}

/**
 * The credential of a registered device: the kept one while it is valid and the server knows it as active, else a new one.
 * The private key is made here and never leaves `<dataDir>/devices/<id>/`.
 */
export async function enrol(
  rest: RestClient,
  options: { readonly deviceId: string; readonly dataDir: string; readonly ca: string },
): Promise<DeviceCredential> {
  const { deviceId, dataDir, ca } = options;
  const folder = join(dataDir, 'devices', deviceId);
  const active = await activeFingerprints(rest, deviceId);
  const kept = await readCredential(folder);
  // The server's certificate is checked against today's authority, whatever was kept beside the key.
  if (kept !== undefined && isUsable(kept, active)) return { ...kept, ca };

  const { key, csr } = await makeCsr(deviceId);
  const certificate = await issue(rest, deviceId, csr, active);
  const credential = { key, certificate, ca };
  await writeCredential(folder, credential);
  return credential;
}

/** SHA-256 of the active certificates, hex, the oldest first. */
async function activeFingerprints(rest: RestClient, deviceId: string): Promise<readonly string[]> {
  const list = (await rest.call('GET', `/devices/${deviceId}/certificates`)) as {
    readonly items: readonly { readonly fingerprint: string; readonly state: string }[];
  };
  return list.items.filter(({ state }) => state === 'active').map(({ fingerprint }) => fingerprint);
}

/** A crash between the writes of two files leaves a pair that does not fit: such a pair is as good as none. */
function isUsable({ key, certificate }: DeviceCredential, active: readonly string[]): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const fingerprint = parsed.fingerprint256.replaceAll(':', '').toLowerCase();
    const isFresh = Date.parse(parsed.validTo) - Date.now() > RENEW_BEFORE_MS;
    return active.includes(fingerprint) && isFresh && parsed.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** A device has at most two active certificates: the oldest, whose key is lost to this folder, gives way to a new one. */
async function issue(rest: RestClient, deviceId: string, csr: string, active: readonly string[]): Promise<string> {
  const path = `/devices/${deviceId}/certificates`;
  const request = async (): Promise<string> => {
    const issued = (await rest.call('POST', path, { csr })) as { readonly certificate: string };
    return issued.certificate;
  };
  try {
    return await request();
  } catch (error) {
    const [lost] = active;
    if (!(error instanceof RestProblem && error.code === 'CERTIFICATE_LIMIT') || lost === undefined) throw error;
    await rest.call('DELETE', `${path}/${lost}`, { reason: 'The key is lost.' });
    return request();
  }
}

/** A P-256 key and a certificate signing request for it (PKCS#10), both PEM. */
async function makeCsr(deviceId: string): Promise<{ readonly key: string; readonly csr: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [deviceId] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, csr: request.toString('pem') };
}
