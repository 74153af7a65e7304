import type { ComponentChildren } from 'preact';
import { Fingerprint } from '../../components/fingerprint.js';
import type { Schema } from '../../data/client.js';
import { day } from '../../format/times.js';
import { preferences } from '../../data/preferences.js';

const FINGERPRINT = /^[0-9a-f]{64}$/;

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
      {known && (
        <>
          {' '}
          <span class="quiet nowrap">until {day(Date.parse(known.notAfter), preferences.value.zone)}</span>
        </>
      )}
    </>
  );
}
