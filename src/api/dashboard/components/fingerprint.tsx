import { Copyable } from './copy.js';

const SHOWN_DIGITS = 8;

/** The first digits of a fingerprint tell certificates apart. */
export function shortFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, SHOWN_DIGITS);
}

/** A fingerprint by its first digits; the button copies all. */
export function Fingerprint({ of }: { readonly of: string }) {
  return <Copyable text={of} shown={shortFingerprint(of)} what="fingerprint" />;
}

/** All of a fingerprint, in two lines of 32 digits: to be compared with another one. */
export function WholeFingerprint({ of }: { readonly of: string }) {
  return (
    <span class="digest">
      <Copyable text={of} what="fingerprint" />
    </span>
  );
}
