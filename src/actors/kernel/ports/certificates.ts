export interface IssuedCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  /** Hex. */
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** `EC P-256`, `Ed25519`, `RSA 2048`, … */
  readonly keyType: string;
  /** SHA-256 of the public key's SPKI DER, hex: the same key for the same device gives the same certificate (SEC-23). */
  readonly publicKeySha256: string;
}

/** What the authority can make a key of: P-256, or RSA 2048 for devices whose TLS stack knows nothing else. */
export type NewKeyType = 'P-256' | 'RSA';

/** A key store: private key, certificate and the authority's certificate in one file (RFC 7292). */
export interface Pkcs12File {
  readonly file: Uint8Array;
  /** Opens it; random, made for this file alone. */
  readonly password: string;
}

/** A certificate with the private key that was made for it. */
export interface KeyedDeviceCertificate extends IssuedCertificate {
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  /** With an RSA key only. */
  readonly pkcs12?: Pkcs12File;
}

/** The platform's own authority. Signing runs off the event loop. */
export interface CertificateAuthority {
  /** PEM of the CA certificate. */
  readonly certificate: string;
  /** SHA-256 of its DER, lower-case hex. */
  readonly fingerprint: string;
  /** Its distinguished name, as text. */
  readonly subject: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /**
   * Checks the CSR and its proof of possession; its subject, names and extensions are ignored.
   * @throws FleetlogError `CSR_INVALID`
   */
  issueFromCsr(
    csrPem: string,
    subject: { readonly tenant: string; readonly device: string },
  ): Promise<IssuedCertificate>;
  /** Makes a key and its certificate; the key leaves in this answer and is kept nowhere. */
  issueWithKey(
    subject: { readonly tenant: string; readonly device: string },
    keyType: NewKeyType,
  ): Promise<KeyedDeviceCertificate>;
  /** SHA-256 of the public key of a CSR, checked as by `issueFromCsr`. */
  publicKeyOfCsr(csrPem: string): Promise<string>;
}
