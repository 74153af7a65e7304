import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { readJson } from '../../actors/kernel/json.js';

/** The authority's certificate (PEM) and private key (PKCS#8 DER). */
export interface Authority {
  readonly certificate: string;
  readonly key: Buffer;
}

/** A file of the data directory: the certificate in clear, the key encrypted; all bytes base64. */
interface SealedAuthority {
  readonly format: typeof FORMAT;
  readonly certificate: string;
  readonly salt: string;
  readonly nonce: string;
  readonly tag: string;
  readonly key: string;
}

/** Names the whole recipe, so that nothing in the file can weaken or inflate it. */
const FORMAT = 'fleetlog-authority-1 scrypt(131072,8,1) aes-256-gcm';
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 192 * 1024 * 1024 };
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const deriveKey = promisify<string, Buffer, number, typeof SCRYPT, Buffer>(scrypt);

/** Encrypts the key under the passphrase (SEC-31); the certificate is authenticated with it, so that neither can be swapped. */
export async function seal({ certificate, key }: Authority, passphrase: string): Promise<string> {
  const [salt, nonce] = [randomBytes(32), randomBytes(NONCE_BYTES)];
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(passphrase.normalize(), salt, 32, SCRYPT), nonce);
  cipher.setAAD(additionalData(certificate));
  const encrypted = Buffer.concat([cipher.update(key), cipher.final()]);
  const sealed = {
    format: FORMAT,
    certificate,
    salt: salt.toString('base64'),
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    key: encrypted.toString('base64'),
  } satisfies SealedAuthority;
  return `${JSON.stringify(sealed, null, 2)}\n`;
}

/** Undoes `seal`. `damaged` = the file is not one; `wrong-passphrase` also when its bytes were changed. */
export async function unseal(text: string, passphrase: string): Promise<Authority | 'damaged' | 'wrong-passphrase'> {
  const sealed = parse(text);
  if (sealed === undefined) return 'damaged';
  const bytes = (value: string) => Buffer.from(value, 'base64');
  const [nonce, tag] = [bytes(sealed.nonce), bytes(sealed.tag)];
  if (nonce.length !== NONCE_BYTES || tag.length !== TAG_BYTES) return 'damaged';
  const secret = await deriveKey(passphrase.normalize(), bytes(sealed.salt), 32, SCRYPT);
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(sealed.certificate));
  decipher.setAuthTag(tag);
  try {
    return {
      certificate: sealed.certificate,
      key: Buffer.concat([decipher.update(bytes(sealed.key)), decipher.final()]),
    };
  } catch {
    return 'wrong-passphrase';
  }
}

function additionalData(certificate: string): Buffer {
  return Buffer.from(`${FORMAT}\n${certificate}`);
}

function parse(text: string): SealedAuthority | undefined {
  const reading = readJson(Buffer.from(text));
  if (!reading.ok || typeof reading.value !== 'object' || reading.value === null) return undefined;
  const sealed = reading.value as Partial<Record<keyof SealedAuthority, unknown>>;
  const texts = [sealed.certificate, sealed.salt, sealed.nonce, sealed.tag, sealed.key];
  return sealed.format === FORMAT && texts.every((value) => typeof value === 'string')
    ? (sealed as SealedAuthority)
    : undefined;
}
