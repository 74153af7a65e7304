import type { Journal } from '../../actors/kernel/ports/journal.js';
import type {
  Aggregate,
  BucketColumns,
  LatestPoint,
  TimeAxis,
  TelemetryHistory,
} from '../../actors/kernel/ports/telemetry-history.js';
import { Refusal } from '../problem.js';
import { bucketsOfPoints, readPoints, timeOf, type Points } from './telemetry-points.js';

export interface ChartQuery {
  readonly tenant: string;
  readonly device: string;
  readonly stream: string;
  /** `undefined` = all that can be drawn, the first ten by name. */
  readonly metrics: readonly string[] | undefined;
  /** ms since 1970, both included. */
  readonly from: number;
  readonly to: number;
  /** Seconds; `undefined` = the points themselves where they are few, else what gives at most 2,500 buckets. */
  readonly every: number | undefined;
  readonly aggregates: readonly Aggregate[];
  /** `auto` = the device's clock while it is right, else the server's. */
  readonly time: TimeAxis | 'auto';
}

/** Schema `Telemetry`, but for the names of device and times. */
export interface Chart {
  /** Seconds; null = the points themselves. */
  readonly every: number | null;
  readonly time: TimeAxis;
  readonly skewMs: number | null;
  /** Position in the device's shard up to which the chart is complete. */
  readonly upTo: number;
  readonly series: readonly object[];
}

export interface ChartSources {
  readonly journal: Pick<Journal, 'readStream' | 'shardOf'>;
  readonly telemetry: TelemetryHistory;
}

/** A clock is right while it differs by no more, ms (experience.md: skew is shown above 2 s). */
const RIGHT_CLOCK_MS = 2_000;
const MAX_METRICS_CHOSEN = 10;
/** Points of one metric that are answered as they are where no bucket is asked for. */
const FEW_POINTS = 2_000;
const MAX_BUCKETS = 10_000;
const MAX_BUCKETS_CHOSEN = 2_500;
/** Events of the journal that one request reads. */
const MAX_EVENTS = 10_000;
const MINUTE = 60;
const DAY = 86_400;
/** Lengths of buckets that people know, seconds. */
const USUAL = [1, 2, 5, 10, 15, 30, MINUTE, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY];

/** @throws Refusal `CHART_TOO_LARGE`, with the finest buckets that fit as `offered` */
export async function drawChart(sources: ChartSources, query: ChartQuery): Promise<Chart> {
  const { telemetry, journal } = sources;
  const latest = await telemetry.latest(query.tenant, query.device);
  const skewMs = skewOf(latest);
  const { metrics = drawable(latest), every } = query;
  const axis = query.time === 'auto' ? (Math.abs(skewMs ?? 0) <= RIGHT_CLOCK_MS ? 'device' : 'server') : query.time;
  const seconds = every ?? usualLength(query, MINUTE, MAX_BUCKETS_CHOSEN);
  if (bucketCount(query, seconds) > MAX_BUCKETS) refuseLength(seconds, usualLength(query, MINUTE, MAX_BUCKETS));
  const upTo = telemetry.handled(journal.shardOf(query.stream));
  const chart = { time: axis, skewMs, upTo };
  const points = (): Promise<Points | undefined> =>
    readPoints(journal, {
      ...{ stream: query.stream, metrics, axis, from: query.from, to: query.to },
      ...{ aheadMs: skewMs ?? 0, maxEvents: MAX_EVENTS },
    });

  if (seconds % MINUTE !== 0) {
    const read = await points();
    if (read === undefined) return refuseLength(seconds, usualLength(query, MINUTE, MAX_BUCKETS));
    const series = [...read.byMetric].map(([metric, of]) =>
      bucketsOfPoints(metric, of, axis, seconds * 1_000, query.aggregates),
    );
    return { ...chart, every: seconds, upTo: Math.max(upTo, read.upTo), series: series.map(bucketJson) };
  }
  const buckets = await telemetry.buckets({
    ...{ tenant: query.tenant, device: query.device, metrics, axis },
    ...{ from: query.from, to: query.to, every: seconds },
    aggregates: [...new Set<Aggregate>([...query.aggregates, 'count'])],
  });
  if (every === undefined && buckets.every((of) => pointCount(of) <= FEW_POINTS)) {
    const read = await points();
    if (read !== undefined)
      return { ...chart, every: null, upTo: Math.max(upTo, read.upTo), series: pointsJson(read, axis) };
  }
  const asked = buckets.map(({ metric, at, columns }) => ({
    ...{ metric, at },
    columns: Object.fromEntries(query.aggregates.map((name) => [name, columns[name]])),
  }));
  return { ...chart, every: seconds, series: asked.map(bucketJson) };
}

/** Device's time less the server's at the newest point. */
export function skewOf(latest: readonly LatestPoint[]): number | null {
  const newest = latest.reduce<LatestPoint | undefined>(
    (best, point) => (best === undefined || point.sequence > best.sequence ? point : best),
    undefined,
  );
  return newest === undefined ? null : newest.measuredAt - newest.recordedAt;
}

function drawable(latest: readonly LatestPoint[]): readonly string[] {
  return latest
    .filter(({ value }) => typeof value === 'number' || typeof value === 'boolean')
    .map(({ metric }) => metric)
    .slice(0, MAX_METRICS_CHOSEN);
}

function bucketCount({ from, to }: ChartQuery, seconds: number): number {
  return Math.ceil((to - from) / 1_000 / seconds);
}

/** The shortest usual bucket, `least` at least, of which no more than `most` are needed; beyond a day, whole days. */
function usualLength(query: ChartQuery, least: number, most: number): number {
  const usual = USUAL.find((seconds) => seconds >= least && bucketCount(query, seconds) <= most);
  return usual ?? Math.ceil(bucketCount(query, DAY) / most) * DAY;
}

function refuseLength(seconds: number, fits: number): never {
  throw new Refusal('CHART_TOO_LARGE', `Buckets of ${seconds} s are too many here; every=${fits} fits.`, {
    offered: { every: fits },
  });
}

function pointCount({ columns }: BucketColumns): number {
  return (columns.count ?? []).reduce((sum, count) => sum + count, 0);
}

function bucketJson({ metric, at, columns }: BucketColumns): object {
  return { metric, at, ...columns };
}

function pointsJson({ byMetric }: Points, axis: TimeAxis): readonly object[] {
  return [...byMetric].map(([metric, points]) => ({
    metric,
    at: points.map((point) => timeOf(point, axis)),
    value: points.map(({ value }) => value),
    skew: points.map(({ measuredAt, recordedAt }) => measuredAt - recordedAt),
  }));
}
