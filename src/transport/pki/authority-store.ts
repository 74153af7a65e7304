import { createPrivateKey, generateKeyPair, randomBytes, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartRefused } from '../../actors/kernel/errors.js';
import { readSecretFile, writeSecretFile } from './secret-file.js';
import { seal, unseal, type Authority } from './sealed-authority.js';

export interface AuthorityStoreOptions {
  readonly folder: string;
  /** `undefined` = a generated one in the folder. */
  readonly passphrase: string | undefined;
  /** Makes the self-signed certificate (PEM) for a new key (PKCS#8 DER). */
  readonly certify: (key: Buffer) => Promise<string>;
}

/**
 * The authority of this data directory; makes one at the first start. One that is there is never replaced by itself: every
 * device certificate would be worthless.
 * @throws StartRefused wrong or missing passphrase, a damaged file, a file that others may read (SEC-32)
 */
export async function loadAuthority({ folder, passphrase, certify }: AuthorityStoreOptions): Promise<Authority> {
  const path = join(folder, 'authority.json');
  const sealed = await readSecretFile(path);
  const secret = passphrase ?? (await ownPassphrase(folder, sealed !== undefined));
  return sealed === undefined ? create(path, secret, certify) : open(path, sealed, secret);
}

async function create(path: string, passphrase: string, certify: (key: Buffer) => Promise<string>): Promise<Authority> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ format: 'der', type: 'pkcs8' });
  const authority = { key, certificate: await certify(key) };
  await writeSecretFile(path, await seal(authority, passphrase));
  return authority;
}

async function open(path: string, sealed: string, passphrase: string): Promise<Authority> {
  const opened = await unseal(sealed, passphrase);
  if (opened === 'wrong-passphrase') {
    throw new StartRefused(
      `The passphrase does not open the certificate authority in ${path}: set FLEETLOG_CA_PASSPHRASE to the one it was made with.`,
    );
  }
  if (opened === 'damaged' || !belongTogether(opened)) {
    throw new StartRefused(
      `The file of the certificate authority ${path} is damaged: restore it from a backup; if there is none, remove it and issue new certificates for all devices.`,
    );
  }
  return opened;
}

async function ownPassphrase(folder: string, isNeeded: boolean): Promise<string> {
  const path = join(folder, 'passphrase');
  const kept = (await readSecretFile(path))?.trim();
  if (kept) return kept;
  if (isNeeded) {
    throw new StartRefused(
      `The passphrase of the certificate authority is missing: set FLEETLOG_CA_PASSPHRASE, or restore the file ${path}.`,
    );
  }
  const passphrase = randomBytes(32).toString('base64url');
  await writeSecretFile(path, `${passphrase}\n`);
  return passphrase;
}

function belongTogether({ certificate, key }: Authority): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
  } catch {
    return false;
  }
}
