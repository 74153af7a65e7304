import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { ChipFilter } from '../../components/chip-filter.js';
import { Empty } from '../../components/empty.js';
import { Lamp } from '../../components/lamp.js';
import { Loaded } from '../../components/loaded.js';
import { Search } from '../../components/search.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { get, type Schema } from '../../data/client.js';
import { preferences, setPreferences } from '../../data/preferences.js';
import { useResource } from '../../data/resource.js';
import { grouped } from '../../format/numbers.js';
import { Page } from '../../frame/page.js';
import { withQuery } from '../../frame/query.js';
import { useActivity } from '../health/system.js';
import { ConnectOwnDevice } from './connect-own-device.js';

type Summary = Schema<'DeviceSummary'>;
type Sort = 'id' | '-id' | 'name' | '-name' | 'registeredAt' | '-registeredAt';
type State = 'online' | 'offline' | 'never' | 'disabled';

const EVERY_MS = 5000;
const PAGE_SIZES = [25, 50, 100, 250] as const;

const COLUMNS: readonly Column<Summary>[] = [
  {
    key: 'id',
    title: 'Device',
    sortable: true,
    cell: ({ id }) => (
      <a href={`/devices/${encodeURIComponent(id)}`} class="mono" data-row-link>
        {id}
      </a>
    ),
  },
  { key: 'state', title: 'State', cell: (device) => <Lamp state={stateOf(device)} /> },
  { key: 'name', title: 'Name', sortable: true, cell: ({ name }) => name ?? '' },
  { key: 'type', title: 'Type', cell: ({ type }) => type ?? '' },
  {
    key: 'tags',
    title: 'Tags',
    cell: ({ tags }) => (tags.length === 0 ? '' : tags.map((tag) => <Badge key={tag}>{tag}</Badge>)),
  },
  {
    key: 'session',
    title: 'Session',
    numeric: true,
    cell: ({ sessionEpoch }) => <code>{sessionEpoch === 0 ? '–' : grouped(sessionEpoch)}</code>,
  },
  { key: 'registeredAt', title: 'Registered', sortable: true, cell: ({ registeredAt }) => <Time at={registeredAt} /> },
];

/** All devices: found by search and chips, sorted and paged by the server. The address holds the view. */
export function FleetPage() {
  const { query, route } = useLocation();
  const { pageSize } = preferences.value;
  const { search = '', cursor, state } = query;
  const sort = (query['sort'] ?? 'id') as Sort;
  const activity = useActivity();
  const connecting = useSignal(false);
  const list = useResource(
    (signal) => get('/api/v1/devices', { query: { search, sort, state, cursor, limit: pageSize }, signal }),
    [search, sort, state, cursor, pageSize],
    EVERY_MS,
  );
  const go = (change: Readonly<Record<string, string | undefined>>): void =>
    route(withQuery({ cursor: undefined, ...change }), true);
  const counts = activity.reading.value.data?.devices;
  // A cursor belongs to its query: who changes the sort begins at the first page.
  useEffect(() => {
    if (list.reading.value.problem?.code === 'CURSOR_INVALID') go({});
  }, [list.reading.value.problem]);
  const chips: readonly { value: State; word: string; count: number | undefined }[] = [
    { value: 'online', word: 'online', count: counts?.online },
    { value: 'offline', word: 'offline', count: counts?.offline },
    { value: 'never', word: 'never seen', count: counts?.neverSeen },
    { value: 'disabled', word: 'disabled', count: counts?.disabled },
  ];
  return (
    <Page
      title="Devices"
      lead={counts && `${grouped(counts.total)} registered`}
      actions={
        <Button
          kind="primary"
          icon="add"
          label="Connect your own device"
          needs="admin"
          onPress={() => (connecting.value = true)}
        />
      }
    >
      <section class="panel" aria-label="Devices">
        <div class="toolbar">
          <Search label="Search by id, name or tag" value={search} onChange={(text) => go({ search: text })} />
          <ChipFilter
            label="State"
            options={chips.map(({ value, word, count }) => ({
              value,
              word,
              ...(count === undefined ? {} : { count: grouped(count) }),
            }))}
            chosen={state === undefined ? [] : [state]}
            onChange={(chosen) => go({ state: chosen.at(-1) })}
          />
        </div>
        <div class="panel-flush">
          <Loaded of={list} lines={12}>
            {({ items, next }) =>
              items.length === 0 ? (
                <NoDevices filtered={search !== '' || state !== undefined} />
              ) : (
                <>
                  <Table<Summary>
                    label="Devices"
                    columns={COLUMNS}
                    rows={items}
                    keyOf={({ id }) => id}
                    sort={sort}
                    onSort={(by) => go({ sort: by === 'id' ? undefined : by })}
                    onOpen={({ id }) => route(`/devices/${encodeURIComponent(id)}`)}
                  />
                  <div class="table-foot">
                    <label class="page-actions">
                      Rows
                      <select
                        class="input"
                        value={pageSize}
                        onChange={({ currentTarget }) =>
                          setPreferences({ pageSize: Number(currentTarget.value) as (typeof PAGE_SIZES)[number] })
                        }
                      >
                        {PAGE_SIZES.map((size) => (
                          <option key={size} value={size}>
                            {size}
                          </option>
                        ))}
                      </select>
                    </label>
                    <span class="page-actions">
                      <Button
                        label="First page"
                        disabled={cursor === undefined}
                        onPress={() => route(withQuery({ cursor: undefined }))}
                      />
                      <Button
                        label="Next page"
                        icon="right"
                        disabled={next === null}
                        onPress={() => route(withQuery({ cursor: next ?? undefined }))}
                      />
                    </span>
                  </div>
                </>
              )
            }
          </Loaded>
        </div>
      </section>
      {connecting.value && <ConnectOwnDevice onClose={() => (connecting.value = false)} />}
    </Page>
  );
}

function NoDevices({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty title="Nothing matches.">
      <a href="/devices">Clear filters</a>
    </Empty>
  ) : (
    <Empty title="No devices yet.">
      <p>
        Connect one, or run <code>npx fleetlog simulate --devices 50</code>.
      </p>
    </Empty>
  );
}

function stateOf({ enabled, connected, sessionEpoch }: Summary): State {
  if (!enabled) return 'disabled';
  if (connected) return 'online';
  return sessionEpoch === 0 ? 'never' : 'offline';
}
