import type pg from 'pg';

import {
  STILL_THERE,
  type DeviceCounts,
  type DeviceListQuery,
  type DeviceSelection,
  type DeviceSort,
  type DeviceSummary,
} from '../../actors/kernel/ports/device-index.js';
import { fromMilliseconds, toMilliseconds } from '../sql-time.js';
import { DEVICE_COLUMNS, toSummary, type DeviceRow } from './device-rows.js';

/** How rows are ordered, and how the value of a cursor becomes comparable. Ties are broken by the id. */
const SORTS: Readonly<Record<DeviceSort, { readonly column: string; readonly cursor: string }>> = {
  id: { column: 'id', cursor: '$3::text' },
  name: { column: "coalesce(name, '')", cursor: "coalesce($3::text, '')" },
  type: { column: "coalesce(type, '')", cursor: "coalesce($3::text, '')" },
  // No index: each connect would have to change it.
  lastSeen: {
    column: `case when connected then ${STILL_THERE} else coalesce(${toMilliseconds('disconnected_at')}, 0) end`,
    cursor: '$3::int8',
  },
  registeredAt: { column: 'registered_at', cursor: fromMilliseconds('$3::int8') },
};

/** What the states mean in columns; each device is in exactly one. */
const STATES: Readonly<Record<NonNullable<DeviceListQuery['state']>, string>> = {
  disabled: 'not enabled',
  online: 'enabled and connected',
  offline: 'enabled and not connected and session_epoch > 0',
  never: 'enabled and session_epoch = 0',
};

/** Beside the tenant; `$2` is the text that is looked for. */
const matching = (state: DeviceListQuery['state']): string =>
  `registered and ($2::text = '' or strpos(search_text, $2) > 0) ${state === undefined ? '' : `and ${STATES[state]}`}`;

/** One page of a tenant's devices; a device without a name sorts as if it were empty. */
export async function listDevices(pool: pg.Pool, query: DeviceListQuery): Promise<readonly DeviceSummary[]> {
  const { tenant, search = '', state, sort, limit, after } = query;
  const descending = sort.startsWith('-');
  const { column, cursor } = SORTS[(descending ? sort.slice(1) : sort) as keyof typeof SORTS];
  const direction = descending ? 'desc' : 'asc';
  const beyond = after === undefined ? '' : `and (${column}, id) ${descending ? '<' : '>'} (${cursor}, $4::text)`;
  const { rows } = await pool.query<DeviceRow>(
    `select ${DEVICE_COLUMNS} from device_index
     where tenant = $1 and ${matching(state)} ${beyond}
     order by ${column} ${direction}, id ${direction} limit ${after === undefined ? '$3' : '$5'}`,
    [tenant, search.toLowerCase(), ...(after === undefined ? [] : [after.value, after.id]), limit],
  );
  return rows.map(toSummary);
}

/** How many devices all pages of a query have together. */
export async function countMatching(pool: pg.Pool, query: DeviceSelection): Promise<number> {
  const { tenant, search = '', state } = query;
  const { rows } = await pool.query<{ readonly count: string }>(
    `select count(*) from device_index where tenant = $1 and ${matching(state)}`,
    [tenant, search.toLowerCase()],
  );
  return Number(rows[0]?.count ?? 0);
}

export async function countDevices(pool: pg.Pool, tenant: string): Promise<DeviceCounts> {
  const { rows } = await pool.query<Record<keyof DeviceCounts, string>>({
    name: 'count-devices',
    text: `select count(*) as total,
                  count(*) filter (where ${STATES.disabled}) as disabled,
                  count(*) filter (where ${STATES.online}) as online,
                  count(*) filter (where ${STATES.offline}) as offline,
                  count(*) filter (where ${STATES.never}) as "neverSeen"
           from device_index where tenant = $1 and registered`,
    values: [tenant],
  });
  // Postgres counts in 64 bits, which the client hands over as text.
  const count = (name: keyof DeviceCounts): number => Number(rows[0]?.[name] ?? 0);
  return {
    total: count('total'),
    online: count('online'),
    offline: count('offline'),
    neverSeen: count('neverSeen'),
    disabled: count('disabled'),
  };
}
