import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { FleetlogError } from '../../actors/kernel/errors.js';
import { isWellFormedDer, readElement, readElements, TAG } from './der.js';

/** What a certificate signing request (PKCS#10, RFC 2986) proves: who asked holds the private key of `publicKey`. */
export interface CertificateRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** SHA-256 of `publicKey`, hex. */
  readonly publicKeySha256: string;
  /** `EC P-256`, `EC P-384`, `Ed25519`, `RSA 2048`, … */
  readonly keyType: string;
}

const MAX_PEM_BYTES = 8 * 1024;
const PEM =
  /^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s([A-Za-z0-9+/=\s]+?)\s-----END \1CERTIFICATE REQUEST-----\s*$/;

/** AlgorithmIdentifiers, DER in hex, compared byte for byte: nothing else of a hostile key ever reaches OpenSSL. */
const KEY_ALGORITHMS = new Map([
  ['301306072a8648ce3d020106082a8648ce3d030107', 'EC P-256'],
  ['301006072a8648ce3d020106052b81040022', 'EC P-384'],
  ['300506032b6570', 'Ed25519'],
  ['300d06092a864886f70d0101010500', 'RSA'],
]);
const SIGNATURE_ALGORITHMS = new Map([
  ['300a06082a8648ce3d040302', { family: 'EC', digest: 'sha256' }],
  ['300a06082a8648ce3d040303', { family: 'EC', digest: 'sha384' }],
  ['300a06082a8648ce3d040304', { family: 'EC', digest: 'sha512' }],
  ['300506032b6570', { family: 'Ed25519', digest: null }],
  ['300d06092a864886f70d01010b0500', { family: 'RSA', digest: 'sha256' }],
  ['300d06092a864886f70d01010c0500', { family: 'RSA', digest: 'sha384' }],
  ['300d06092a864886f70d01010d0500', { family: 'RSA', digest: 'sha512' }],
]);

/**
 * Checks a PEM request and its proof of possession (SEC-21). Only the outer structure is read; subject, names and extensions
 * are ignored, since the authority writes its own. The signature is verified by OpenSSL over the bytes as they came.
 * @throws FleetlogError `CSR_INVALID`
 */
export function readCertificateRequest(pem: string): CertificateRequest {
  const der = decodePem(pem);
  if (!isWellFormedDer(der)) throw invalid('The request is not well-formed DER.');
  const parts = readParts(der);
  if (parts === undefined) throw invalid('The request does not have the structure of PKCS#10.');
  const { info, spki, signatureAlgorithm, signature } = parts;
  const { key, family, keyType } = readKey(spki);
  const algorithm = SIGNATURE_ALGORITHMS.get(signatureAlgorithm.toString('hex'));
  if (algorithm?.family !== family) {
    throw invalid(
      'The signature must be ECDSA or RSA PKCS#1 with SHA-256, SHA-384 or SHA-512, or Ed25519, as the key is.',
    );
  }
  if (!verifies(algorithm.digest, info, key, signature))
    throw invalid('The signature does not fit the key in the request.');
  return { publicKey: spki, publicKeySha256: createHash('sha256').update(spki).digest('hex'), keyType };
}

function decodePem(pem: string): Buffer {
  if (Buffer.byteLength(pem) > MAX_PEM_BYTES) throw invalid(`The request is larger than ${MAX_PEM_BYTES} bytes.`);
  const base64 = PEM.exec(pem)?.[2]?.replace(/\s/g, '');
  if (base64 === undefined) throw invalid('The request must be one PEM block "CERTIFICATE REQUEST" and nothing else.');
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) throw invalid('The request is not base64.');
  return der;
}

/** `SEQUENCE { info, signatureAlgorithm, signature }`, info `SEQUENCE { 0, subject, publicKey, [0] attributes }`. */
function readParts(der: Buffer) {
  const outer = readElement(der, 0, der.length);
  if (outer?.tag !== TAG.sequence || outer.end !== der.length) return undefined;
  const [info, algorithm, signature, ...rest] = readElements(der, outer.content, outer.end) ?? [];
  if (info?.tag !== TAG.sequence || algorithm?.tag !== TAG.sequence || signature?.tag !== TAG.bitString)
    return undefined;
  const [version, subject, spki, attributes, ...more] = readElements(der, info.content, info.end) ?? [];
  if (version?.tag !== TAG.integer || subject?.tag !== TAG.sequence || spki?.tag !== TAG.sequence) return undefined;
  // Some small libraries leave empty attributes out.
  if (attributes !== undefined && attributes.tag !== TAG.context0) return undefined;
  if (rest.length > 0 || more.length > 0 || version.end - version.content !== 1) return undefined;
  // First byte of a bit string: how many bits of the last byte are unused.
  if (der[version.content] !== 0 || signature.end === signature.content || der[signature.content] !== 0)
    return undefined;
  return {
    info: der.subarray(info.start, info.end),
    spki: der.subarray(spki.start, spki.end),
    signatureAlgorithm: der.subarray(algorithm.start, algorithm.end),
    signature: der.subarray(signature.content + 1, signature.end),
  };
}

function readKey(spki: Buffer): { readonly key: KeyObject; readonly family: string; readonly keyType: string } {
  const refusal = invalid('The key must be P-256, P-384, Ed25519, or RSA with 2048 to 4096 bits and exponent 65537.');
  const outer = readElement(spki, 0, spki.length);
  const algorithm = outer && readElement(spki, outer.content, outer.end);
  const named = algorithm && KEY_ALGORITHMS.get(spki.toString('hex', algorithm.start, algorithm.end));
  if (named === undefined) throw refusal;
  const key = parseKey(spki);
  if (key === undefined) throw refusal;
  if (named !== 'RSA') return { key, family: named.split(' ', 1)[0] ?? named, keyType: named };
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < 2048 || modulusLength > 4096 || publicExponent !== 65_537n) throw refusal;
  return { key, family: 'RSA', keyType: `RSA ${modulusLength}` };
}

/** OpenSSL's reading of the key, only if it writes back the very same bytes: nothing hides in another encoding. */
function parseKey(spki: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    return key.export({ format: 'der', type: 'spki' }).equals(spki) ? key : undefined;
  } catch {
    return undefined;
  }
}

function verifies(digest: string | null, info: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(digest, info, key, signature);
  } catch {
    return false;
  }
}

function invalid(detail: string): FleetlogError {
  return new FleetlogError('CSR_INVALID', detail, { pointer: '/csr' });
}
