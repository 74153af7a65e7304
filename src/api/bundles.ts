import { strToU8, zipSync } from 'fflate';
import { FleetlogError } from '../actors/kernel/errors.js';
import type { Pkcs12File } from '../actors/kernel/ports/certificates.js';

/** What leaves once: a certificate with the private key that the server made for it. */
export interface BundleContent {
  readonly device: string;
  /** PEM, each. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly authority: string;
  /** The same three once more, for TLS stacks that want a key store. */
  readonly pkcs12?: Pkcs12File;
}

type MqttsAddress = { readonly host: string; readonly port: number };

export interface Bundles {
  /** @throws FleetlogError `OVERLOADED` when too many wait to be fetched: ask before the key is made */
  reserve(): void;
  /** @param key names tenant, device and certificate */
  keep(key: string, content: BundleContent): void;
  /** Gives the zip file and forgets it. @throws FleetlogError `BUNDLE_GONE` */
  take(key: string): Buffer;
  /** Forgets all. */
  close(): void;
}

/** Private keys wait here, in memory alone, and at most so long (SEC-20). */
const LIFETIME_MS = 10 * 60 * 1000;
const MAX_WAITING = 1000;
const KEY_STORE = 'device.p12';
const KEY_STORE_PASSWORD = `${KEY_STORE}.password.txt`;

/** @param mqtts where devices connect, for the command line in README.txt */
export function createBundles(mqtts: MqttsAddress): Bundles {
  const waiting = new Map<string, { readonly content: BundleContent; readonly expiry: NodeJS.Timeout }>();
  const forget = (key: string): void => {
    clearTimeout(waiting.get(key)?.expiry);
    waiting.delete(key);
  };
  return {
    reserve() {
      if (waiting.size >= MAX_WAITING) throw new FleetlogError('OVERLOADED', 'Too many bundles wait to be fetched.');
    },
    keep(key, content) {
      const expiry = setTimeout(() => waiting.delete(key), LIFETIME_MS);
      expiry.unref();
      waiting.set(key, { content, expiry });
    },
    take(key) {
      const found = waiting.get(key);
      if (found === undefined) throw new FleetlogError('BUNDLE_GONE', 'The bundle was already fetched or has expired.');
      forget(key);
      return zip(found.content, mqtts);
    },
    close() {
      for (const key of [...waiting.keys()]) forget(key);
    },
  };
}

type ZipEntry = [Uint8Array, { os: number; attrs: number }];

function zip({ device, certificate, privateKey, authority, pkcs12 }: BundleContent, mqtts: MqttsAddress): Buffer {
  const entry = (content: string | Uint8Array, mode: number): ZipEntry => [
    typeof content === 'string' ? strToU8(content) : content,
    { os: 3, attrs: mode << 16 },
  ];
  // Only the owner may read what holds the key or opens it once it is unpacked; the other files may be read by all.
  return Buffer.from(
    zipSync({
      'certificate.pem': entry(certificate, 0o644),
      'private-key.pem': entry(privateKey, 0o600),
      'ca.pem': entry(authority, 0o644),
      ...(pkcs12 && {
        [KEY_STORE]: entry(pkcs12.file, 0o600),
        [KEY_STORE_PASSWORD]: entry(pkcs12.password, 0o600),
      }),
      'README.txt': entry(readme(device, mqtts, pkcs12 !== undefined), 0o644),
    }),
  );
}

function readme(device: string, mqtts: MqttsAddress, withKeyStore: boolean): string {
  return `Credentials of the device ${device}
${'='.repeat(26 + device.length)}

certificate.pem   who the device is
private-key.pem   proves it; keep it on the device and nowhere else
ca.pem            how the device knows the platform
${withKeyStore ? keyStoreReadme(device) : ''}
Try it, in this folder:

mosquitto_pub -h ${mqtts.host} -p ${mqtts.port} --cafile ca.pem --cert certificate.pem --key private-key.pem \\
  -V mqttv311 -i ${device} -q 1 -t devices/${device}/telemetry -m '{"temperature":21.5}'

Fleetlog keeps no copy of the private key. When it is lost, revoke the certificate and issue another one.
`;
}

function keyStoreReadme(device: string): string {
  return `
${KEY_STORE} holds the same three for a TLS stack that wants a PKCS #12 key store (Java, Windows, many PLCs). Its entry is called
${device}
and its password stands in ${KEY_STORE_PASSWORD}, without a line end. Whoever has both files has the key: delete the
password file once the device has taken both. Look into the key store, in this folder:

openssl pkcs12 -in ${KEY_STORE} -passin file:${KEY_STORE_PASSWORD} -noout -info
keytool -list -storetype PKCS12 -keystore ${KEY_STORE} -storepass:file ${KEY_STORE_PASSWORD}

It takes OpenSSL 1.1, Java 8u301 or Windows 10 1709, or newer, to read it (AES-256, SHA-256).
`;
}
