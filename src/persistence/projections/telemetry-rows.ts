import type pg from 'pg';

import {
  addBucket,
  MAX_METRICS,
  MINUTE_MS,
  type Axis,
  type Bucket,
  type PendingDevice,
  type TelemetryFold,
} from './telemetry-fold.js';

/** JSON of a latest value that is kept; longer ones are read from their event. */
const MAX_VALUE_CHARACTERS = 1_024;

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const MINUTES_PER_HOUR = 60;

const LATEST_COLUMNS = ['latest_at', 'latest_measured', 'latest_recorded', 'latest_sequence', 'latest_value'];

/** Every series gets its number and keeps its newest point; beyond `MAX_METRICS` a device gets no new ones. */
const STORE_SERIES = `
  insert into telemetry_series as t (tenant, device, metric, ${LATEST_COLUMNS.join(', ')})
  select g.* from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::text[])
    as g(tenant, device, metric, ${LATEST_COLUMNS.join(', ')})
  where exists (select from telemetry_series s where (s.tenant, s.device, s.metric) = (g.tenant, g.device, g.metric))
    or (select count(*) from telemetry_series s where (s.tenant, s.device) = (g.tenant, g.device)) < ${MAX_METRICS}
  order by 1, 2, 3
  on conflict (tenant, device, metric) do update set
    ${LATEST_COLUMNS.map((name) => `${name} = case when excluded.latest_at >= t.latest_at then excluded.${name} else t.${name} end`).join(', ')}
  returning tenant, device, metric, series`;

const STORE_ROLLUPS = `
  insert into telemetry_rollup as t (series, seconds, axis, at, count, min, max, sum, first, first_at, last, last_at)
  select * from unnest($1::int8[], $2::int2[], $3::int2[], $4::int8[], $5::int4[], $6::float8[], $7::float8[], $8::float8[],
    $9::float8[], $10::int8[], $11::float8[], $12::int8[])
  on conflict (series, seconds, axis, at) do update set
    count = t.count + excluded.count,
    min = least(t.min, excluded.min),
    max = greatest(t.max, excluded.max),
    sum = t.sum + excluded.sum,
    first = case when excluded.first_at < t.first_at then excluded.first else t.first end,
    first_at = least(t.first_at, excluded.first_at),
    last = case when excluded.last_at >= t.last_at then excluded.last else t.last end,
    last_at = greatest(t.last_at, excluded.last_at)`;

/** Series stored by one pair of statements: making their text must not hold up the event loop. */
const SLICE_SERIES = 1_000;

/** Adds a fold to what is stored, two statements for each slice of it. */
export async function storeTelemetry(client: pg.ClientBase, fold: TelemetryFold): Promise<void> {
  let slice: PendingDevice[] = [];
  let series = 0;
  for (const device of fold.devices.values()) {
    slice.push(device);
    series += device.metrics.size;
    if (series < SLICE_SERIES) continue;
    await storeSlice(client, slice);
    slice = [];
    series = 0;
  }
  if (slice.length > 0) await storeSlice(client, slice);
}

async function storeSlice(client: pg.ClientBase, devices: readonly PendingDevice[]): Promise<void> {
  const numbers = await storeSeries(client, devices);
  const rollups = rollupColumns();
  for (const { tenant, device, metrics } of devices)
    for (const [metric, { minutes }] of metrics) {
      const series = numbers.get(keyOf(tenant, device, metric));
      if (series === undefined) continue;
      const hours = new Map<number, Bucket>();
      for (const [key, bucket] of minutes) {
        const axis = (key % 3) as Axis;
        const minute = (key - axis) / 3;
        rollups.add(series, MINUTE_SECONDS, axis, minute * MINUTE_MS, bucket);
        const hourKey = Math.floor(minute / MINUTES_PER_HOUR) * 3 + axis;
        const hour = hours.get(hourKey);
        if (hour === undefined) hours.set(hourKey, { ...bucket });
        else addBucket(hour, bucket);
      }
      for (const [key, bucket] of hours) {
        const axis = (key % 3) as Axis;
        rollups.add(series, HOUR_SECONDS, axis, ((key - axis) / 3) * MINUTES_PER_HOUR * MINUTE_MS, bucket);
      }
    }
  await client.query({ name: 'store-telemetry-rollups', text: STORE_ROLLUPS, values: rollups.values });
}

/** Numbers of the series by tenant, device and metric. */
async function storeSeries(
  client: pg.ClientBase,
  devices: readonly PendingDevice[],
): Promise<ReadonlyMap<string, number>> {
  const columns: [string[], string[], string[], number[], number[], number[], number[], (string | null)[]] = [
    ...([[], [], []] as [string[], string[], string[]]),
    ...([[], [], [], []] as [number[], number[], number[], number[]]),
    [],
  ];
  for (const { tenant, device, metrics } of devices)
    for (const [metric, { latest }] of metrics) {
      const value = JSON.stringify(latest.value);
      const row = [tenant, device, metric, latest.at, latest.measuredAt, latest.recordedAt, latest.sequence] as const;
      row.forEach((cell, index) => (columns[index] as unknown[]).push(cell));
      columns[7].push(value.length > MAX_VALUE_CHARACTERS ? null : value);
    }
  const { rows } = await client.query<{ tenant: string; device: string; metric: string; series: number }>({
    name: 'store-telemetry-series',
    text: STORE_SERIES,
    values: columns,
  });
  return new Map(rows.map(({ tenant, device, metric, series }) => [keyOf(tenant, device, metric), series]));
}

/** Tenants and devices hold no line break; a metric may. */
function keyOf(tenant: string, device: string, metric: string): string {
  return `${tenant}\n${device}\n${metric}`;
}

function rollupColumns() {
  const values: number[][] = Array.from({ length: 12 }, () => []);
  return {
    values,
    add(series: number, seconds: number, axis: Axis, at: number, bucket: Bucket): void {
      const { count, min, max, sum, first, firstAt, last, lastAt } = bucket;
      const row = [series, seconds, axis, at, count, min, max, sum, first, firstAt, last, lastAt];
      row.forEach((cell, index) => values[index]?.push(cell));
    },
  };
}
