import 'reflect-metadata'; // must be first: @peculiar/x509 resolves its parts through it
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';
import type { DeviceSubject, Validity } from './signing-protocol.js';

/** The authority as signer: its key, and what its certificates name as issuer. */
export interface Issuer {
  readonly key: webcrypto.CryptoKey;
  readonly name: Name;
  readonly publicKey: PublicKey;
}

/** @param key PKCS#8 DER of a P-256 key */
export function importSigningKey(key: Uint8Array): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
}

/** The authority behind a certificate (PEM) and its key. */
export function issuerOf(certificate: string, key: webcrypto.CryptoKey): Issuer {
  const parsed = new X509Certificate(certificate);
  return { key, name: parsed.subjectName, publicKey: parsed.publicKey };
}

/** Self-signed root that may sign leaves only. `spki` is the authority's own public key, DER. Answers PEM. */
export function buildAuthority(
  key: webcrypto.CryptoKey,
  spki: Uint8Array,
  { name, ...validity }: Validity & { readonly name: string },
): Promise<string> {
  const issuer = { key, name: subjectName('Fleetlog', name), publicKey: new PublicKey(spki) };
  return build(issuer, issuer.name, issuer.publicKey, validity, [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]);
}

/** A device's client certificate: O = tenant, CN = device (SEC-25). Answers PEM. */
export function buildDevice(
  issuer: Issuer,
  spki: Uint8Array,
  subject: DeviceSubject,
  validity: Validity,
): Promise<string> {
  const name = subjectName(subject.tenant, subject.device);
  return build(issuer, name, new PublicKey(spki), validity, leafExtensions(ExtendedKeyUsage.clientAuth));
}

/** The server's certificate for host names and addresses. Answers PEM. */
export function buildServer(
  issuer: Issuer,
  spki: Uint8Array,
  hosts: readonly string[],
  validity: Validity,
): Promise<string> {
  const names = hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
  return build(issuer, subjectName('Fleetlog', 'Fleetlog server'), new PublicKey(spki), validity, [
    ...leafExtensions(ExtendedKeyUsage.serverAuth),
    new SubjectAlternativeNameExtension(names),
  ]);
}

function subjectName(organization: string, commonName: string): Name {
  return new Name([{ O: [{ utf8String: organization }] }, { CN: [{ utf8String: commonName }] }]);
}

function leafExtensions(usage: ExtendedKeyUsage): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
  ];
}

async function build(
  issuer: Issuer,
  subject: Name,
  publicKey: PublicKey,
  { notBefore, notAfter }: Validity,
  extensions: readonly Extension[],
): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomBytes(16).toString('hex'),
    issuer: issuer.name,
    subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey,
    signingKey: issuer.key,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
