import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Button } from '../../components/button.js';
import { ChipFilter } from '../../components/chip-filter.js';
import { CERTIFICATE_STATES, CredentialLamp } from '../../components/credential-lamp.js';
import { Empty } from '../../components/empty.js';
import { Fingerprint, shortFingerprint } from '../../components/fingerprint.js';
import { Loaded } from '../../components/loaded.js';
import { Pager } from '../../components/pager.js';
import { Search } from '../../components/search.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { get, type Schema } from '../../data/client.js';
import { useList } from '../../data/resource.js';
import { fleetlogLine } from '../../format/commands.js';
import { counted, grouped } from '../../format/numbers.js';
import { Page } from '../../frame/page.js';
import { withQuery } from '../../frame/query.js';
import { AuthorityCard } from './authority-card.js';
import { CertificateDialog } from './certificate-dialog.js';
import { SOON_DAYS } from './expiring.js';
import { ExpiryTime } from './expiry-time.js';
import { IssueCertificate } from './issue-certificate.js';
import { RevokeCertificate } from './revoke-certificate.js';
import { RotateCertificate } from './rotate-certificate.js';

type Entry = Schema<'CertificateEntry'>;
type Act = 'show' | 'rotate' | 'revoke';

const EVERY_MS = 5000;
const LIMIT = 50;

/** The certificates of all devices, those that end first first. The address holds the view. */
export function CertificatesPage() {
  const { query, route } = useLocation();
  const { state, device = '', expiring, cursor } = query;
  const question = { state, device, expiresWithin: expiring };
  const list = useList(
    (signal) =>
      get('/api/v1/certificates', { query: { ...question, cursor, limit: LIMIT, count: 'estimate' }, signal }),
    [state, device, expiring, cursor],
    EVERY_MS,
  );
  const issuing = useSignal(false);
  const acting = useSignal<{ readonly act: Act; readonly on: Entry } | undefined>(undefined);
  const go = (change: Readonly<Record<string, string | undefined>>): void =>
    route(withQuery({ cursor: undefined, ...change }), true);
  const changed = (): void => void list.reload();
  const close = (): void => void (acting.value = undefined);
  const { act, on } = acting.value ?? {};
  return (
    <Page
      title="Certificates"
      lead="What devices prove themselves with, and the authority that signs it."
      outside={{
        question: { path: '/api/v1/certificates', query: question },
        fleetlog: fleetlogLine(device === '' ? ['cert', 'ls'] : ['cert', 'ls', device], {
          state,
          'expires-within': expiring,
        }),
      }}
      actions={
        <Button
          kind="primary"
          icon="add"
          label="Issue a certificate"
          needs="admin"
          onPress={() => (issuing.value = true)}
        />
      }
    >
      <section class="panel" aria-label="Certificates">
        <div class="toolbar">
          <Search label="Device id" value={device} onChange={(text) => go({ device: text })} />
          <ChipFilter
            label="State"
            options={CERTIFICATE_STATES.map((value) => ({ value, word: value }))}
            chosen={state === undefined ? [] : [state]}
            onChange={(chosen) => go({ state: chosen.at(-1) })}
          />
          <ChipFilter
            label="Expiry"
            options={[{ value: String(SOON_DAYS), word: `expiring within ${SOON_DAYS} days` }]}
            chosen={expiring === undefined ? [] : [expiring]}
            onChange={(chosen) => go({ expiring: chosen.at(-1) })}
          />
        </div>
        <div class="panel-flush" aria-busy={list.reading.value.outdated}>
          <Loaded of={list} lines={8}>
            {({ items, next, estimate = items.length }) =>
              items.length === 0 ? (
                <NoCertificates filtered={device !== '' || state !== undefined || expiring !== undefined} />
              ) : (
                <>
                  <Table<Entry>
                    label="Certificates"
                    columns={[...COLUMNS, actions((chosen, entry) => (acting.value = { act: chosen, on: entry }))]}
                    rows={items}
                    keyOf={({ fingerprint }) => fingerprint}
                    onOpen={(entry) => (acting.value = { act: 'show', on: entry })}
                  />
                  <div class="table-foot">
                    <span>
                      {estimate > items.length
                        ? `${grouped(items.length)} of ${grouped(estimate)}`
                        : counted(items.length, 'certificate')}
                      , soonest to expire first
                    </span>
                    <Pager next={next} />
                  </div>
                </>
              )
            }
          </Loaded>
        </div>
      </section>
      <AuthorityCard />
      {issuing.value && <IssueCertificate onIssued={changed} onClose={() => (issuing.value = false)} />}
      {on && act === 'show' && <CertificateDialog certificate={on} onClose={close} />}
      {on && act === 'revoke' && (
        <RevokeCertificate device={on.device} fingerprint={on.fingerprint} onRevoked={changed} onClose={close} />
      )}
      {on && act === 'rotate' && (
        <RotateCertificate device={on.device} first={on} onChanged={changed} onClose={close} />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'fingerprint', title: 'Certificate', cell: ({ fingerprint }) => <Fingerprint of={fingerprint} /> },
  {
    key: 'device',
    title: 'Device',
    cell: ({ device }) => (
      <a href={`/devices/${encodeURIComponent(device)}`} class="mono">
        {device}
      </a>
    ),
  },
  {
    key: 'state',
    title: 'State',
    wide: true,
    cell: (entry) => (
      <span class="page-actions">
        <CredentialLamp of={entry} />
        {entry.revokedSequence !== null && (
          <span class="faint" title={`CertificateRevoked in the stream of ${entry.device}`}>
            at sequence <code>{grouped(entry.revokedSequence)}</code>
          </span>
        )}
      </span>
    ),
  },
  { key: 'expires', title: 'Expires', wide: true, cell: ({ notAfter }) => <ExpiryTime at={notAfter} /> },
  {
    key: 'used',
    title: 'Last used',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? <span class="faint">never</span> : <Time at={lastUsedAt} />),
  },
];

function actions(onAct: (act: Act, entry: Entry) => void): Column<Entry> {
  return {
    key: 'act',
    title: 'Actions',
    untitled: true,
    cell: (entry) => {
      const about = shortFingerprint(entry.fingerprint);
      const counts = entry.state === 'active' || entry.state === 'superseded';
      return (
        <span class="row-actions">
          {counts && (
            <>
              <Button kind="quiet" label="Rotate" about={about} needs="admin" onPress={() => onAct('rotate', entry)} />
              <Button kind="quiet" label="Revoke" about={about} needs="admin" onPress={() => onAct('revoke', entry)} />
            </>
          )}
          <Button kind="quiet" label="Details" about={about} onPress={() => onAct('show', entry)} />
        </span>
      );
    },
  };
}

function NoCertificates({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty title="Nothing matches.">
      <a href="/certificates">Clear filters</a>
    </Empty>
  ) : (
    <Empty title="No certificate yet.">
      <p>
        Register a device and issue it one, or run <code>npx fleetlog cert issue pump-7 --generate-key</code>. The
        authority below signs it.
      </p>
    </Empty>
  );
}
