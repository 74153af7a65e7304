import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { readSecretFile, writeSecretFile } from './secret-file.js';
import type { KeyedCertificate, Validity } from './signing-protocol.js';

const DAY_MS = 86_400_000;
const LIFE_MS = 90 * DAY_MS;
/** More than the first threshold of `expiry.ts`: a daily look renews it before anybody is told that it ends. */
const RENEW_BEFORE_MS = 32 * DAY_MS;
/** Every server is also reached from its own machine. */
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

/** What the TLS listeners use. */
export interface ServerCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** ms since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ServerCertificateOptions {
  /** Holds key and certificate, so that they never come apart. */
  readonly path: string;
  /** Names and addresses that clients use, beside the local ones. */
  readonly publicHosts: readonly string[];
  readonly authority: X509Certificate;
  readonly clock: Clock;
  /** Makes a new key and its certificate. */
  readonly issue: (request: Validity & { readonly hosts: readonly string[] }) => Promise<KeyedCertificate>;
}

/**
 * The certificate in the file while it serves: of this authority, for all hosts, good for 32 more days. Else a new one, kept
 * before it is given away. Callers ask at start and daily.
 */
export async function currentServerCertificate(options: ServerCertificateOptions): Promise<ServerCertificate> {
  const { path, publicHosts, clock, issue, authority } = options;
  const hosts = [...new Set([...LOCAL_HOSTS, ...publicHosts])];
  const kept = parse((await readSecretFile(path)) ?? '');
  if (kept && serves(kept, hosts, authority, clock.now())) return describe(kept);
  const now = clock.now();
  const notAfter = Math.min(now + LIFE_MS, Date.parse(authority.validTo));
  const made = await issue({ hosts, notBefore: now - 3_600_000, notAfter });
  await writeSecretFile(path, `${made.key.trim()}\n${made.certificate.trim()}\n`);
  return describe(made);
}

function parse(text: string): KeyedCertificate | undefined {
  const start = text.indexOf('-----BEGIN CERTIFICATE-----');
  return start > 0 ? { key: text.slice(0, start), certificate: text.slice(start) } : undefined;
}

function serves(kept: KeyedCertificate, hosts: readonly string[], authority: X509Certificate, now: number): boolean {
  try {
    const certificate = new X509Certificate(kept.certificate);
    return (
      certificate.checkPrivateKey(createPrivateKey(kept.key)) &&
      certificate.verify(authority.publicKey) &&
      Date.parse(certificate.validFrom) <= now &&
      Date.parse(certificate.validTo) - RENEW_BEFORE_MS > now &&
      hosts.every((host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined)
    );
  } catch {
    return false; // a file that cannot be read is as good as none: this certificate is ours to make
  }
}

function describe({ key, certificate }: KeyedCertificate): ServerCertificate {
  const { fingerprint256, validFrom, validTo } = new X509Certificate(certificate);
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
  return { key, cert: certificate, fingerprint, notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
}
