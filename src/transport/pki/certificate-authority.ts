import { randomBytes, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { FleetlogError } from '../../actors/kernel/errors.js';
import { isIdentifier } from '../../actors/kernel/identifier.js';
import type { CertificateAuthority } from '../../actors/kernel/ports/certificates.js';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import { loadAuthority } from './authority-store.js';
import { openSecretFolder } from './secret-file.js';
import { currentServerCertificate, type ServerCertificate } from './server-certificate.js';
import { createSigner, type SignerOptions } from './signer.js';
import type { DeviceSubject, Validity } from './signing-protocol.js';

export interface CertificateAuthorityOptions {
  /** Its folder `pki` holds the encrypted key of the authority and the server's key and certificate. */
  readonly dataDir: string;
  /** Encrypts the authority's key; `undefined` = one that is generated into the data directory. */
  readonly passphrase: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names and addresses for the server's certificate, beside localhost, 127.0.0.1 and ::1. */
  readonly publicHosts: readonly string[];
  /** See `SignerOptions`. */
  readonly workerUrl?: URL;
}

/** The authority with what only the composition root needs. */
export interface OpenedCertificateAuthority extends CertificateAuthority {
  /** For the TLS listeners; renewed when its hosts have changed or less than 32 days are left, so ask again daily. */
  serverCertificate(): Promise<ServerCertificate>;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
const AUTHORITY_LIFE_MS = 3652 * DAY_MS;
const DEVICE_LIFE_MS = 365 * DAY_MS;
/** For devices whose clock is slow. */
const BACKDATED_MS = 3_600_000;

/**
 * Opens the platform's own certificate authority (EC P-256), making it at the first start. All X.509 is built and all foreign
 * requests are read in a thread of their own.
 * @throws StartRefused
 */
export async function openCertificateAuthority(
  options: CertificateAuthorityOptions,
): Promise<OpenedCertificateAuthority> {
  const { dataDir, passphrase, clock, logger, publicHosts } = options;
  const folder = join(dataDir, 'pki');
  const signerOptions = { logger, ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }) };
  await openSecretFolder(folder);
  const { certificate, key } = await loadAuthority({
    folder,
    passphrase,
    certify: (newKey) => certifyAuthority(newKey, clock.now(), signerOptions),
  });
  const signer = createSigner({ ...signerOptions, data: { key, certificate } });
  const parsed = new X509Certificate(certificate);
  const notAfter = Date.parse(parsed.validTo);
  let serverCertificate: Promise<ServerCertificate> | undefined;

  function deviceValidity(): Validity {
    const now = clock.now();
    return { notBefore: now - BACKDATED_MS, notAfter: Math.min(now + DEVICE_LIFE_MS, notAfter) };
  }

  return {
    certificate,
    fingerprint: parsed.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: parsed.subject.replaceAll('\n', ', '),
    notBefore: Date.parse(parsed.validFrom),
    notAfter,
    issueFromCsr: async (csr, subject) =>
      signer.run('deviceFromCsr', { csr, subject: checkedSubject(subject), ...deviceValidity() }),
    issueWithKey: async (subject, keyType) =>
      signer.run('deviceWithKey', { subject: checkedSubject(subject), keyType, ...deviceValidity() }),
    publicKeyOfCsr: (csr) => signer.run('publicKeyOfCsr', { csr }),
    serverCertificate() {
      // Shared while it runs: two writers of one file would each give away their own.
      serverCertificate ??= currentServerCertificate({
        path: join(folder, 'server.pem'),
        publicHosts,
        authority: parsed,
        clock,
        issue: (request) => signer.run('server', request),
      }).finally(() => (serverCertificate = undefined));
      return serverCertificate;
    },
    stop: () => signer.stop(),
  };
}

/** The number in the name keeps the authorities of two installations apart where both are trusted. */
async function certifyAuthority(key: Buffer, now: number, options: Omit<SignerOptions, 'data'>): Promise<string> {
  const signer = createSigner({ ...options, data: { key } });
  try {
    const name = `Fleetlog CA ${randomBytes(4).toString('hex')}`;
    return await signer.run('authority', { name, notBefore: now - BACKDATED_MS, notAfter: now + AUTHORITY_LIFE_MS });
  } finally {
    await signer.stop();
  }
}

function checkedSubject({ tenant, device }: DeviceSubject): DeviceSubject {
  if (isIdentifier(tenant) && isIdentifier(device)) return { tenant, device };
  throw new FleetlogError(
    'PARAMETER_INVALID',
    'A certificate needs a tenant and a device of 1 to 128 of A-Z a-z 0-9 _ . : -.',
  );
}
