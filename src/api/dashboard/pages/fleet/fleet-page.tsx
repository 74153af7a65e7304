import { useEffect, useMemo } from 'preact/hooks';
import { useLocation } from 'preact-iso/router';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Pager } from '../../components/pager.js';
import { Select } from '../../components/select.js';
import { Table } from '../../components/table.js';
import type { Schema } from '../../data/client.js';
import { preferences, setPreferences } from '../../data/preferences.js';
import { useList } from '../../data/resource.js';
import { fleetlogLine } from '../../format/commands.js';
import { counted, grouped } from '../../format/numbers.js';
import { Page } from '../../frame/page.js';
import { withQuery } from '../../frame/query.js';
import { useActivity, type SystemActivity } from '../health/system.js';
import { ConnectButton } from './connect-button.js';
import { deviceColumns } from './device-columns.js';
import { conditionOf, readDevices, type DeviceQuery } from './device-condition.js';
import { DeviceFilters } from './device-filters.js';

type Summary = Schema<'DeviceSummary'>;

const EVERY_MS = 5000;
const PAGE_SIZES = [25, 50, 100, 250] as const;
const NARROWING = ['search', 'state', 'type', 'tag', 'filter'] as const;

/** The state as a condition, for the command line, which has no option for it. */
const STATES: Readonly<Record<string, string>> = {
  online: 'device.enabled && device.connected',
  offline: 'device.enabled && !device.connected && device.sessionEpoch > 0.0',
  never: 'device.enabled && !device.connected && device.sessionEpoch == 0.0',
  disabled: '!device.enabled',
};

function joined(...conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined && condition !== '');
  return given.length < 2 ? (given[0] ?? '') : given.map((condition) => `(${condition})`).join(' && ');
}

/** All devices: found by search and conditions, sorted and paged by the server. The address holds the view. */
export function FleetPage() {
  const { query, route } = useLocation();
  const { pageSize } = preferences.value;
  const { search = '', cursor, state } = query;
  const sort = (query['sort'] ?? 'id') as DeviceQuery['sort'];
  const filter = conditionOf(query);
  const activity = useActivity();
  const list = useList(
    (signal) => readDevices({ search, filter, sort, state, cursor, limit: pageSize }, signal),
    [search, filter, sort, state, cursor, pageSize],
    EVERY_MS,
  );
  const go = (change: Readonly<Record<string, string | undefined>>): void =>
    route(withQuery({ cursor: undefined, ...change }), true);
  const columns = useMemo(() => deviceColumns(go), []);
  const counts = activity.reading.value.data?.devices;
  const { problem, outdated } = list.reading.value;
  // A cursor belongs to its query: who changes the sort begins at the first page.
  useEffect(() => {
    if (problem?.code === 'CURSOR_INVALID') go({});
  }, [problem]);
  const clear = withQuery(Object.fromEntries(NARROWING.map((name) => [name, undefined])));
  return (
    <Page
      title="Devices"
      lead={counts && `${grouped(counts.total)} registered`}
      actions={<ConnectButton />}
      outside={{
        question: { path: '/api/v1/devices', query: { search, filter, sort, state, limit: pageSize } },
        fleetlog: fleetlogLine(['device', 'ls'], { search, filter: joined(filter, STATES[state ?? '']), sort }),
      }}
    >
      <section class="panel" aria-label="Devices">
        <DeviceFilters query={query} counts={counts} problem={problem} onChange={go} />
        <div class="panel-flush" aria-busy={outdated}>
          <Loaded of={list} lines={12}>
            {({ items, next, estimate = knownCount(state, counts) }) =>
              items.length === 0 ? (
                <NoDevices clear={NARROWING.some((name) => query[name] !== undefined) ? clear : undefined} />
              ) : (
                <>
                  <Table<Summary>
                    label="Devices"
                    columns={columns}
                    rows={items}
                    keyOf={({ id }) => id}
                    sort={sort}
                    onSort={(by) => go({ sort: by === 'id' ? undefined : by })}
                    onOpen={({ id }) => route(`/devices/${encodeURIComponent(id)}`)}
                  />
                  <div class="table-foot">
                    <span class="page-actions">
                      {next === null && cursor === undefined
                        ? counted(items.length, 'device')
                        : `${grouped(items.length)} of about ${grouped(estimate ?? items.length)}`}
                      <Select
                        label="Rows on a page"
                        unlabelled
                        options={PAGE_SIZES.map((size) => ({ value: String(size), word: `${size} on a page` }))}
                        value={String(pageSize)}
                        onChange={(size) => {
                          setPreferences({ pageSize: Number(size) as (typeof PAGE_SIZES)[number] });
                          go({});
                        }}
                      />
                    </span>
                    <Pager next={next} />
                  </div>
                </>
              )
            }
          </Loaded>
        </div>
      </section>
    </Page>
  );
}

/** How many devices a state has: Home counts them anyway. */
function knownCount(state: string | undefined, counts: SystemActivity['devices'] | undefined): number | undefined {
  switch (state) {
    case undefined:
      return counts?.total;
    case 'online':
    case 'offline':
    case 'disabled':
      return counts?.[state];
    default:
      return counts?.neverSeen;
  }
}

/** @param props.clear the list without what narrows it; absent when nothing does */
function NoDevices({ clear }: { readonly clear: string | undefined }) {
  return clear === undefined ? (
    <Empty title="No devices yet.">
      <p>
        Connect one, or run <code>npx fleetlog simulate --devices 50</code>.
      </p>
    </Empty>
  ) : (
    <Empty title="Nothing matches.">
      <a href={clear}>Clear filters</a>
    </Empty>
  );
}
