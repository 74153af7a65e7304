import type { ComponentChildren } from 'preact';
import { Copyable } from '../../components/copy.js';
import type { Schema } from '../../data/client.js';
import { day } from '../../format/times.js';
import { preferences } from '../../data/preferences.js';

const FINGERPRINT = /^[0-9a-f]{64}$/;
const SHOWN_DIGITS = 8;

/** A fingerprint by its first digits; the button copies all. */
export function Fingerprint({ of }: { readonly of: string }) {
  return <Copyable text={of} shown={of.slice(0, SHOWN_DIGITS)} what="fingerprint" />;
}

/** What a device has connected with, and until when that holds. */
export function describeCredential(
  credential: string | undefined,
  certificates: readonly Schema<'Certificate'>[] | undefined,
): ComponentChildren {
  if (credential === undefined) return '–';
  if (!FINGERPRINT.test(credential)) return `token ${credential}`;
  const known = certificates?.find(({ fingerprint }) => fingerprint === credential);
  return (
    <>
      <Fingerprint of={credential} />
      {known && <span class="quiet"> until {day(Date.parse(known.notAfter), preferences.value.zone)}</span>}
    </>
  );
}
