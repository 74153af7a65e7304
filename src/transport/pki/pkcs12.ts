/**
 * Writes PKCS #12 files (RFC 7292) for devices whose TLS stack wants an RSA key in a key store. The one use of node-forge here:
 * it encodes and encrypts what this process has just made. It parses nothing and verifies nothing (X2), and it never sees a
 * certificate as such, because it refuses those of an EC authority (X1): they are bytes that go into the file as they are.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import type { Pkcs12File } from '../../actors/kernel/ports/certificates.js';

export interface Pkcs12Content {
  /** Name of the entry: the alias in a Java key store. Characters of the basic multilingual plane. */
  readonly friendlyName: string;
  /** RSAPrivateKey (PKCS #1), DER. */
  readonly rsaPrivateKey: Buffer;
  /** X.509, DER. */
  readonly certificate: Buffer;
  /** Who signed it, X.509, DER. */
  readonly authority: Buffer;
}

type Asn1 = forge.asn1.Asn1;

const { asn1, pki, pkcs12, md, util } = forge;
const { Class, Type } = asn1;
/** Not in the object identifiers that the types of forge know. */
const OID = {
  data: '1.2.840.113549.1.7.1',
  certBag: '1.2.840.113549.1.12.10.1.3',
  pkcs8ShroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  rsaEncryption: '1.2.840.113549.1.1.1',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;
/** X4. With SHA-256 in the place of forge's SHA-1: what OpenSSL 3 writes too, read by OpenSSL 1.1, Java 8u301 and Windows 10 1709. */
const ITERATIONS = 100_000;
const SALT_BYTES = 16;
const PASSWORD_BYTES = 24;
/** Makes the key derivation give a key for the MAC (RFC 7292 B.3). */
const MAC_KEY = 3;

/** Key, certificate and the authority's certificate under a new random password. Takes about a second of this thread. */
export function buildPkcs12({ friendlyName, rsaPrivateKey, certificate, authority }: Pkcs12Content): Pkcs12File {
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const attributes = entryAttributes(friendlyName, createHash('sha256').update(certificate).digest());
  const authenticatedSafe = encode(
    sequence(
      data(encode(sequence(certificateBag(certificate, attributes), certificateBag(authority)))),
      data(encode(sequence(keyBag(rsaPrivateKey, password, attributes)))),
    ),
  );
  const file = encode(sequence(integer(3), data(authenticatedSafe), macData(authenticatedSafe, password))); // PFX, § 4
  return { file, password };
}

/** SafeBag with a CertBag (§ 4.2.3). */
function certificateBag(certificate: Buffer, attributes?: Asn1): Asn1 {
  const content = sequence(oid(OID.x509Certificate), explicit(octets(certificate)));
  return safeBag(OID.certBag, content, attributes);
}

/** SafeBag with a PKCS8ShroudedKeyBag (§ 4.2.2): the PrivateKeyInfo of RFC 5208, encrypted by PBES2 with AES-256. */
function keyBag(rsaPrivateKey: Buffer, password: string, attributes: Asn1): Asn1 {
  const algorithm = sequence(oid(OID.rsaEncryption), nothing());
  const encrypted = pki.encryptPrivateKeyInfo(sequence(integer(0), algorithm, octets(rsaPrivateKey)), password, {
    algorithm: 'aes256',
    count: ITERATIONS,
    saltSize: SALT_BYTES,
    prfAlgorithm: 'sha256',
  });
  return safeBag(OID.pkcs8ShroudedKeyBag, encrypted, attributes);
}

/** § 4.2. */
function safeBag(type: string, content: Asn1, attributes?: Asn1): Asn1 {
  return sequence(oid(type), explicit(content), ...(attributes === undefined ? [] : [attributes]));
}

/** Tells readers which certificate belongs to the key, and what to call the two. */
function entryAttributes(friendlyName: string, localKeyId: Buffer): Asn1 {
  const attribute = (type: string, value: Asn1): Asn1 => sequence(oid(type), set(value));
  return set(
    attribute(OID.friendlyName, asn1.create(Class.UNIVERSAL, Type.BMPSTRING, false, friendlyName)),
    attribute(OID.localKeyId, octets(localKeyId)),
  );
}

/** MacData (§ 4) over the content of the AuthenticatedSafe, with the key of appendix B. */
function macData(authenticatedSafe: Buffer, password: string): Asn1 {
  const salt = randomBytes(SALT_BYTES);
  const key = pkcs12.generateKey(
    password,
    util.createBuffer(salt.toString('latin1')),
    MAC_KEY,
    ITERATIONS,
    32,
    md.sha256.create(),
  );
  const mac = createHmac('sha256', Buffer.from(key.getBytes(), 'latin1')).update(authenticatedSafe).digest();
  return sequence(sequence(sequence(oid(OID.sha256), nothing()), octets(mac)), octets(salt), integer(ITERATIONS));
}

/** ContentInfo of the type `data` (RFC 2315 § 7). */
function data(content: Buffer): Asn1 {
  return sequence(oid(OID.data), explicit(octets(content)));
}

function sequence(...elements: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, elements);
}

/** DER sorts the elements of a SET by their encoding (X.690 § 11.6). */
function set(...elements: Asn1[]): Asn1 {
  const sorted = elements.toSorted((a, b) => Buffer.compare(encode(a), encode(b)));
  return asn1.create(Class.UNIVERSAL, Type.SET, true, sorted);
}

function explicit(element: Asn1): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, Type.NONE, true, [element]); // NONE = 0, here the number in [0]
}

function octets(bytes: Buffer): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, bytes.toString('latin1'));
}

function oid(identifier: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(identifier).getBytes());
}

function integer(value: number): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

function nothing(): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.NULL, false, '');
}

function encode(element: Asn1): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), 'latin1');
}
