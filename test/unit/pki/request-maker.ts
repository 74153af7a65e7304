import { sign, type KeyObject } from 'node:crypto';

/** One DER element of the given contents; for requests that no honest library would write. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}
export const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

export const COMMON_NAME = hex('0603550403');
export const subjectOf = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));

export const SIGNATURE = {
  'ecdsa sha256': { id: hex('300a06082a8648ce3d040302'), digest: 'sha256' },
  'ecdsa sha384': { id: hex('300a06082a8648ce3d040303'), digest: 'sha384' },
  'ecdsa sha512': { id: hex('300a06082a8648ce3d040304'), digest: 'sha512' },
  'ecdsa sha1': { id: hex('300906072a8648ce3d0401'), digest: 'sha1' },
  'rsa sha1': { id: hex('300d06092a864886f70d0101050500'), digest: 'sha1' },
  'rsa sha256': { id: hex('300d06092a864886f70d01010b0500'), digest: 'sha256' },
  'rsa sha384': { id: hex('300d06092a864886f70d01010c0500'), digest: 'sha384' },
  'rsa sha512': { id: hex('300d06092a864886f70d01010d0500'), digest: 'sha512' },
  ed25519: { id: hex('300506032b6570'), digest: null },
  ed448: { id: hex('300506032b6571'), digest: null },
} as const;

export interface RequestParts {
  readonly publicKey: KeyObject | Buffer;
  readonly privateKey: KeyObject;
  readonly signature: keyof typeof SIGNATURE;
  readonly version?: Buffer;
  readonly subject?: Buffer;
  readonly attributes?: Buffer;
  /** First byte of the signature's bit string. */
  readonly unusedBits?: number;
}

/** A PKCS#10 request, DER, correctly signed over whatever its parts are. */
export function makeRequest(parts: RequestParts): Buffer {
  const { publicKey, privateKey, signature } = parts;
  const spki = Buffer.isBuffer(publicKey) ? publicKey : publicKey.export({ format: 'der', type: 'spki' });
  const { id, digest } = SIGNATURE[signature];
  const info = sequence(
    parts.version ?? hex('020100'),
    parts.subject ?? subjectOf('ignored'),
    spki,
    parts.attributes ?? hex('a000'),
  );
  return sequence(info, id, der(0x03, Buffer.from([parts.unusedBits ?? 0]), sign(digest, info, privateKey)));
}

export function pem(bytes: Buffer, label = 'CERTIFICATE REQUEST'): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
