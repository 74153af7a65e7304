import { useSignal } from '@preact/signals';
import { Copyable } from '../../components/copy.js';
import { CredentialLamp } from '../../components/credential-lamp.js';
import { Dialog } from '../../components/dialog.js';
import { Fact } from '../../components/fact.js';
import { WholeFingerprint } from '../../components/fingerprint.js';
import { Segmented } from '../../components/segmented.js';
import { Time } from '../../components/time.js';
import type { Schema } from '../../data/client.js';
import { preferences } from '../../data/preferences.js';
import { grouped } from '../../format/numbers.js';
import { absolute } from '../../format/times.js';
import { ExpiryTime } from './expiry-time.js';

type Since = 'issued' | '7' | '1';

const DAY_MS = 24 * 60 * 60 * 1000;

/** All there is to know of a certificate, and the way to what was done under it. */
export function CertificateDialog(props: {
  readonly certificate: Schema<'CertificateEntry'>;
  readonly onClose: () => void;
}) {
  const { fingerprint, device, serial, keyType, issuedAt, notAfter, lastUsedAt, ...validity } = props.certificate;
  const { zone } = preferences.value;
  return (
    <Dialog title={`Certificate of ${device}`} onClose={props.onClose}>
      <dl class="facts">
        <Fact title="State">
          <CredentialLamp of={validity} />
        </Fact>
        <Fact title="Device">
          <a href={`/devices/${encodeURIComponent(device)}`} class="mono">
            {device}
          </a>
        </Fact>
        <Fact title="Issued">{absolute(Date.parse(issuedAt), zone)}</Fact>
        <Fact title="Expires">
          <ExpiryTime at={notAfter} />
        </Fact>
        <Fact title="Last used">{lastUsedAt === null ? 'never' : <Time at={lastUsedAt} />}</Fact>
        <Fact title="Key">{keyType}</Fact>
        {validity.revokedAt !== null && (
          <>
            <Fact title="Revoked">{absolute(Date.parse(validity.revokedAt), zone)}</Fact>
            <Fact title="Reason">{validity.revokeReason ?? '–'}</Fact>
            {validity.revokedSequence !== null && (
              <Fact title="Sequence of its revocation">
                <code>{grouped(validity.revokedSequence)}</code>
              </Fact>
            )}
          </>
        )}
      </dl>
      <dl class="facts facts-wide">
        <Fact title="Serial">
          <Copyable text={serial} what="serial" />
        </Fact>
        <Fact title="Fingerprint (SHA-256)">
          <WholeFingerprint of={fingerprint} />
        </Fact>
      </dl>
      <AcceptedUnder fingerprint={fingerprint} issuedAt={issuedAt} />
    </Dialog>
  );
}

/** What somebody could do with a lost key (security.md, SEC-152). */
function AcceptedUnder({ fingerprint, issuedAt }: { readonly fingerprint: string; readonly issuedAt: string }) {
  const since = useSignal<Since>('issued');
  const from = since.value === 'issued' ? issuedAt : new Date(Date.now() - Number(since.value) * DAY_MS).toISOString();
  const query = new URLSearchParams({ credential: fingerprint, from });
  return (
    <section class="form" aria-label="What was accepted">
      <h3>Everything accepted under this certificate since</h3>
      <p class="page-actions">
        <Segmented<Since>
          label="Since"
          options={[
            { value: 'issued', word: 'its issue' },
            { value: '7', word: '7 days ago' },
            { value: '1', word: '24 h ago' },
          ]}
          value={since.value}
          onChange={(value) => (since.value = value)}
        />
        <a class="button" href={`/events?${query.toString()}`}>
          Show the events
        </a>
      </p>
    </section>
  );
}
