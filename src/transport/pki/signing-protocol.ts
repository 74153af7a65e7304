import type { ErrorCode } from '../../actors/kernel/errors.js';
import type { IssuedCertificate, KeyedDeviceCertificate, NewKeyType } from '../../actors/kernel/ports/certificates.js';

/** First and last instant of a certificate, ms since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface DeviceSubject {
  readonly tenant: string;
  readonly device: string;
}

/** A certificate and its private key, PEM. */
export interface KeyedCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** What the signing thread does, by name. */
export interface SigningJobs {
  /** The authority's own, self-signed certificate (PEM). */
  readonly authority: { readonly input: Validity & { readonly name: string }; readonly output: string };
  readonly server: {
    readonly input: Validity & { readonly hosts: readonly string[] };
    readonly output: KeyedCertificate;
  };
  readonly deviceFromCsr: {
    readonly input: Validity & { readonly subject: DeviceSubject; readonly csr: string };
    readonly output: IssuedCertificate;
  };
  readonly deviceWithKey: {
    readonly input: Validity & { readonly subject: DeviceSubject; readonly keyType: NewKeyType };
    readonly output: KeyedDeviceCertificate;
  };
  /** SHA-256 of the public key of a checked request, hex. */
  readonly publicKeyOfCsr: { readonly input: { readonly csr: string }; readonly output: string };
}

export type SigningJob = keyof SigningJobs;

/** What the thread is started with. */
export interface SigningThreadData {
  /** The authority's private key, PKCS#8 DER. */
  readonly key: Uint8Array;
  /** The authority's certificate, PEM; absent while it is still to be made by the job `authority`. */
  readonly certificate?: string;
}

export interface SigningRequest<J extends SigningJob = SigningJob> {
  readonly id: number;
  readonly job: J;
  readonly input: SigningJobs[J]['input'];
}

export type SigningAnswer =
  | { readonly id: number; readonly output: SigningJobs[SigningJob]['output'] }
  | {
      readonly id: number;
      readonly refusal: { readonly code: ErrorCode; readonly detail: string; readonly pointer?: string };
    };
