// Devices with certificates as a user gets them: a P-256 key of their own, a CSR, an answer over REST.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { cryptoProvider, Pkcs10CertificateRequestGenerator, PemConverter } from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Calls under way at once. */
const AT_ONCE = 16;

/** Registers `count` devices and issues their certificates. @returns {Promise<{ id, key, certificate }[]>} PEM texts */
export async function enrolDevices(call, count, prefix = 'bench') {
  const devices = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        const number = next++;
        devices[number] = await enrol(call, `${prefix}-${number}`);
      }
    }),
  );
  return devices;
}

async function enrol(call, id) {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${id}`,
    keys,
    signingAlgorithm: ALGORITHM,
  });
  await call('POST', '/devices', { id });
  const { certificate } = await (
    await call('POST', `/devices/${id}/certificates`, { csr: request.toString('pem') })
  ).json();
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { id, key, certificate };
}
