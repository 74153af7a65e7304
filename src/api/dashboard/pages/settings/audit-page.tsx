import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Badge } from '../../components/badge.js';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Pager } from '../../components/pager.js';
import { Search } from '../../components/search.js';
import { Select } from '../../components/select.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { get } from '../../data/client.js';
import { useList } from '../../data/resource.js';
import { now } from '../../data/clock.js';
import { grouped } from '../../format/numbers.js';
import { withQuery } from '../../frame/query.js';
import { AuditDialog } from './audit-dialog.js';
import { actWords, type AuditEntry } from './audit-entry.js';
import { AuditExport } from './audit-export.js';
import { AuditSubject } from './audit-subject.js';
import { Only, SettingsFrame } from './settings-frame.js';

/** Kinds of acts as one asks for them. */
const ACTS = [
  { value: '', word: 'Every act', types: '' },
  { value: 'sign-in', word: 'Sign-ins', types: 'SessionStarted,SessionEnded,SignInFailed' },
  {
    value: 'users',
    word: 'Users',
    types: 'UserRegistered,UserRoleChanged,UserPasswordChanged,UserDisabled,UserEnabled,UserDeleted',
  },
  { value: 'tokens', word: 'Tokens', types: 'TenantTokenIssued,TenantTokenRevoked,TokenIssued,TokenRevoked' },
  {
    value: 'certificates',
    word: 'Certificates',
    types: 'CertificateIssued,CertificateRevoked,CertificateExpiring,PlatformCertificateExpiring',
  },
  {
    value: 'devices',
    word: 'Devices',
    types: 'DeviceRegistered,DeviceUpdated,DeviceEnabled,DeviceDisabled,DeviceDeleted',
  },
] as const;
type Act = (typeof ACTS)[number]['value'];

const DAY_MS = 24 * 60 * 60 * 1000;
const SPANS = [
  { value: '', word: 'Any time', days: 0 },
  { value: '1', word: 'Last 24 hours', days: 1 },
  { value: '7', word: 'Last 7 days', days: 7 },
  { value: '30', word: 'Last 30 days', days: 30 },
] as const;
type Span = (typeof SPANS)[number]['value'];

/** Who did what, on what, from where: a view of the journal that nobody can edit. */
export function AuditPage() {
  return (
    <SettingsFrame title="Audit" lead="Who did what, and from where. It is a view of the journal: nobody can edit it.">
      <Only role="admin" what="Audit">
        <AuditList />
      </Only>
    </SettingsFrame>
  );
}

function AuditList() {
  const { query, route } = useLocation();
  const open = useSignal<AuditEntry | undefined>(undefined);
  const { who = '', device = '', cursor } = query;
  const act = ACTS.find(({ value }) => value === query['act']) ?? ACTS[0];
  const span = SPANS.find(({ value }) => value === query['span']) ?? SPANS[0];
  const wanted = { principal: principalOf(who), device, types: act.types };
  const entries = useList(
    (signal) => get('/api/v1/audit', { query: { ...wanted, from: beginOf(span.days), cursor, limit: 50 }, signal }),
    [who, device, act, span, cursor],
  );
  const go = (change: Readonly<Record<string, string | undefined>>): void =>
    route(withQuery({ cursor: undefined, ...change }), true);
  const columns: readonly Column<AuditEntry>[] = [
    { key: 'at', title: 'When', cell: ({ at }) => <Time at={at} /> },
    { key: 'who', title: 'Who', cell: ({ principal }) => principal },
    {
      key: 'what',
      title: 'What',
      cell: (entry) => (
        <span class="page-actions">
          <button type="button" class="link" data-row-link onClick={() => (open.value = entry)}>
            {actWords(entry.action)}
          </button>
          {entry.result === 'refused' && <Badge tone="bad">refused</Badge>}
        </span>
      ),
    },
    { key: 'on', title: 'On what', wide: true, cell: ({ on }) => <AuditSubject on={on} /> },
    { key: 'from', title: 'From', cell: ({ address }) => (address === null ? '' : <code>{address}</code>) },
    {
      key: 'event',
      title: 'Event',
      numeric: true,
      cell: ({ event }) => (
        <a
          class="mono"
          href={`/events?event=${event.shard}:${event.position}`}
          title={`Sequence ${grouped(event.sequence)} of ${event.stream}`}
        >
          {event.shard}:{grouped(event.position)}
        </a>
      ),
    },
  ];
  return (
    <section class="panel" aria-label="Audit">
      <div class="toolbar">
        <Search label="Who, as ann" value={who} onChange={(text) => go({ who: text })} />
        <Select<Act>
          label="What"
          unlabelled
          options={ACTS}
          value={act.value}
          onChange={(value) => go({ act: value })}
        />
        <Select<Span>
          label="When"
          unlabelled
          options={SPANS}
          value={span.value}
          onChange={(value) => go({ span: value })}
        />
        {device !== '' && (
          <button type="button" class="chip" aria-pressed="true" onClick={() => go({ device: undefined })}>
            device {device}
          </button>
        )}
        <AuditExport query={() => ({ ...wanted, from: beginOf(span.days) })} />
      </div>
      <div class="panel-flush" aria-busy={entries.reading.value.outdated}>
        <Loaded of={entries} lines={12}>
          {({ items, next }) =>
            items.length === 0 ? (
              <NoEntries filtered={who !== '' || device !== '' || act.value !== '' || span.value !== ''} />
            ) : (
              <>
                <Table<AuditEntry>
                  label="Audit"
                  columns={columns}
                  rows={items}
                  keyOf={({ event }) => `${event.shard}:${event.position}`}
                  onOpen={(entry) => (open.value = entry)}
                />
                <div class="table-foot">
                  <span>The newest first.</span>
                  <Pager next={next} />
                </div>
              </>
            )
          }
        </Loaded>
      </div>
      {open.value && <AuditDialog entry={open.value} onClose={() => (open.value = undefined)} />}
    </section>
  );
}

/** `ann` is a user; tokens and parts of the platform are named in full, as the list shows them. */
function principalOf(who: string): string {
  return who === '' || who.includes('/') ? who : `user/${who}`;
}

/** To the minute, so that reading the page again asks the same question. */
function beginOf(days: number): string | undefined {
  if (days === 0) return undefined;
  const minute = Math.floor(now.peek() / 60_000) * 60_000;
  return new Date(minute - days * DAY_MS).toISOString();
}

function NoEntries({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty title="Nothing matches.">
      <a href="/settings/audit">Clear filters</a>
    </Empty>
  ) : (
    <Empty title="Nothing yet.">
      <p>Whatever people and their tokens do stands here a moment later.</p>
    </Empty>
  );
}
