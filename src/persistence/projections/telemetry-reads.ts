import type pg from 'pg';

import {
  ROLLUP_SECONDS,
  type Aggregate,
  type BucketColumns,
  type BucketQuery,
  type LatestPoint,
} from '../../actors/kernel/ports/telemetry-history.js';
import { BOTH, DEVICE, SERVER } from './telemetry-fold.js';

/** What a wider bucket says, out of those that are stored. */
const AGGREGATE_SQL: Readonly<Record<Aggregate, string>> = {
  avg: 'sum(sum) / sum(count)',
  min: 'min(min)',
  max: 'max(max)',
  sum: 'sum(sum)',
  count: 'sum(count)::int8',
  first: '(array_agg(first order by first_at, axis))[1]',
  last: '(array_agg(last order by last_at desc, axis))[1]',
};

/** One entry per metric of the query, in its order; each comes as one row of arrays, so that little text is parsed. */
export async function readBuckets(pool: pg.Pool, query: BucketQuery): Promise<readonly BucketColumns[]> {
  const { tenant, device, metrics, from, to, every, aggregates } = query;
  const everyMs = every * 1_000;
  const seconds = [...ROLLUP_SECONDS].reverse().find((length) => every % length === 0) ?? ROLLUP_SECONDS[0];
  const begin = Math.floor(from / everyMs) * everyMs;
  const end = (Math.floor(to / everyMs) + 1) * everyMs;
  const { rows } = await pool.query<{ metric: string; at: number[] } & Record<Aggregate, number[]>>(
    `select metric, array_agg(begin::float8 order by begin) as at,
       ${aggregates.map((name) => `array_agg("${name}"::float8 order by begin) as "${name}"`).join(', ')}
     from (
       select metric, at / $6::int8 * $6::int8 as begin,
         ${aggregates.map((name) => `${AGGREGATE_SQL[name]} as "${name}"`).join(', ')}
       from telemetry_series join telemetry_rollup using (series)
       where tenant = $1 and device = $2 and metric = any($3::text[]) and seconds = $4 and axis in (${BOTH}, $5)
         and at >= $7 and at < $8
       group by metric, begin
     ) bucket group by metric`,
    [tenant, device, metrics, seconds, query.axis === 'server' ? SERVER : DEVICE, everyMs, begin, end],
  );
  const byMetric = new Map(rows.map((row) => [row.metric, row]));
  return metrics.map((metric) => {
    const row = byMetric.get(metric);
    const columns = Object.fromEntries(aggregates.map((name) => [name, row?.[name] ?? []]));
    return { metric, at: row?.at ?? [], columns };
  });
}

interface LatestRow {
  readonly metric: string;
  readonly latest_measured: number;
  readonly latest_recorded: number;
  readonly latest_sequence: number;
  readonly latest_value: string | null;
}

export async function readLatest(pool: pg.Pool, tenant: string, device: string): Promise<readonly LatestPoint[]> {
  const { rows } = await pool.query<LatestRow>(
    `select metric, latest_measured, latest_recorded, latest_sequence, latest_value from telemetry_series
     where tenant = $1 and device = $2 order by metric`,
    [tenant, device],
  );
  return rows.map((row) => ({
    metric: row.metric,
    value: row.latest_value === null ? undefined : (JSON.parse(row.latest_value) as unknown),
    measuredAt: row.latest_measured,
    recordedAt: row.latest_recorded,
    sequence: row.latest_sequence,
  }));
}
