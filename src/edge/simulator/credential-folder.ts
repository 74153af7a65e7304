import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a device needs to prove who it is, PEM. */
export interface DeviceCredential {
  readonly key: string;
  readonly certificate: string;
  /** The authority that signed the server's certificate too. */
  readonly ca: string;
}

const FILES: Readonly<Record<keyof DeviceCredential, string>> = {
  key: 'key.pem',
  certificate: 'certificate.pem',
  ca: 'ca.pem',
};
const MEMBERS = Object.keys(FILES) as (keyof DeviceCredential)[];

/** Reads a device's credential; `undefined` when a file is missing. */
export async function readCredential(folder: string): Promise<DeviceCredential | undefined> {
  try {
    const [key, certificate, ca] = await Promise.all(
      (['key', 'certificate', 'ca'] as const).map((member) => readFile(join(folder, FILES[member]), 'utf8')),
    );
    return key && certificate && ca ? { key, certificate, ca } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Keeps a device's credential for its owner alone. A file is there whole or not at all, whenever the process dies. */
export async function writeCredential(folder: string, credential: DeviceCredential): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const member of MEMBERS) {
    const path = join(folder, FILES[member]);
    await writeFile(`${path}.new`, credential[member], { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}
