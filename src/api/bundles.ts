import { strToU8, zipSync } from 'fflate';
import { FleetlogError } from '../actors/kernel/errors.js';

/** What leaves once: a certificate with the private key that the server made for it. */
export interface BundleContent {
  readonly device: string;
  /** PEM, each. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly authority: string;
}

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

/** @param mqtts where devices connect, for the command line in README.txt */
export function createBundles(mqtts: { readonly host: string; readonly port: number }): Bundles {
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

function zip(content: BundleContent, mqtts: { readonly host: string; readonly port: number }): Buffer {
  // Only the owner may read the key once it is unpacked; the other files may be read by all.
  const file = (text: string, mode: number): [Uint8Array, { os: number; attrs: number }] => [
    strToU8(text),
    { os: 3, attrs: mode << 16 },
  ];
  return Buffer.from(
    zipSync({
      'certificate.pem': file(content.certificate, 0o644),
      'private-key.pem': file(content.privateKey, 0o600),
      'ca.pem': file(content.authority, 0o644),
      'README.txt': file(readme(content.device, mqtts), 0o644),
    }),
  );
}

function readme(device: string, mqtts: { readonly host: string; readonly port: number }): string {
  return `Credentials of the device ${device}
${'='.repeat(26 + device.length)}

certificate.pem   who the device is
private-key.pem   proves it; keep it on the device and nowhere else
ca.pem            how the device knows the platform

Try it, in this folder:

mosquitto_pub -h ${mqtts.host} -p ${mqtts.port} --cafile ca.pem --cert certificate.pem --key private-key.pem \\
  -V mqttv311 -i ${device} -q 1 -t devices/${device}/telemetry -m '{"temperature":21.5}'

Fleetlog keeps no copy of the private key. When it is lost, revoke the certificate and issue another one.
`;
}
