import { deviceCodec } from '../../actors/device/codec.js';
import type { TelemetryValue } from '../../actors/device/events.js';
import type { Journal } from '../../actors/kernel/ports/journal.js';
import type { Aggregate, BucketColumns, TimeAxis } from '../../actors/kernel/ports/telemetry-history.js';
import { firstSequenceAfter } from '../events/stream-page.js';

/** One value as it was sent. Times are ms since 1970. */
export interface Point {
  readonly value: TelemetryValue;
  readonly measuredAt: number;
  readonly recordedAt: number;
}

/** Points of some metrics in order of their time, and the last position that was looked at in the shard. */
export interface Points {
  readonly byMetric: ReadonlyMap<string, readonly Point[]>;
  readonly upTo: number;
}

export interface PointQuery {
  readonly stream: string;
  readonly metrics: readonly string[];
  readonly axis: TimeAxis;
  /** ms since 1970, both included. */
  readonly from: number;
  readonly to: number;
  /** How far the device's clock is ahead, ms: its points of a time were recorded so much earlier. */
  readonly aheadMs: number;
  /** Events looked at before the reader gives up. */
  readonly maxEvents: number;
}

const CHUNK = 500;
/** By how much a device's clock may have been ahead earlier. */
const AHEAD_MARGIN_MS = 60_000;

/**
 * Reads points from the journal, where alone each is kept. What a device sent late is recorded late: by its own clock, all
 * that came after `from` is looked through.
 * @returns `undefined` when there are too many events
 */
export async function readPoints(journal: Pick<Journal, 'readStream'>, query: PointQuery): Promise<Points | undefined> {
  const { stream, metrics, axis, from, to } = query;
  const byServer = axis === 'server';
  const byMetric = new Map<string, Point[]>(metrics.map((metric) => [metric, []]));
  const earliest = byServer ? from : from - Math.max(0, query.aheadMs) - AHEAD_MARGIN_MS;
  const first = await firstSequenceAfter(journal, stream, earliest - 1);
  let upTo = 0;
  for (let sequence = first; ;) {
    const events = await journal.readStream(stream, sequence, CHUNK);
    if (events.length === 0) break;
    if (sequence - first >= query.maxEvents) return undefined;
    sequence += events.length;
    for (const event of events) {
      if (byServer && event.recordedAt > to) return { byMetric, upTo };
      upTo = event.position;
      if (event.type !== 'TelemetryRecorded') continue;
      const decoded = deviceCodec.decode(event.type, event.schemaVersion, event.payload, event.occurredAt);
      if (decoded.type !== 'TelemetryRecorded') continue;
      const { values, ts } = decoded.data;
      const at = byServer ? event.recordedAt : ts;
      if (at < from || at > to) continue;
      for (const metric of metrics) {
        const value = Object.hasOwn(values, metric) ? values[metric] : undefined;
        if (value !== undefined) byMetric.get(metric)?.push({ value, measuredAt: ts, recordedAt: event.recordedAt });
      }
    }
  }
  if (!byServer) for (const points of byMetric.values()) points.sort((a, b) => a.measuredAt - b.measuredAt);
  return { byMetric, upTo };
}

/** Time of a point on an axis. */
export function timeOf(point: Point, axis: TimeAxis): number {
  return axis === 'server' ? point.recordedAt : point.measuredAt;
}

/** Buckets of points that are in order of time; as the kept rollups count, `true` is 1 and what is no number is left out. */
export function bucketsOfPoints(
  metric: string,
  points: readonly Point[],
  axis: TimeAxis,
  everyMs: number,
  aggregates: readonly Aggregate[],
): BucketColumns {
  const buckets = new Map<number, number[]>();
  for (const point of points) {
    const value = typeof point.value === 'boolean' ? Number(point.value) : point.value;
    if (typeof value !== 'number') continue;
    const begin = Math.floor(timeOf(point, axis) / everyMs) * everyMs;
    const values = buckets.get(begin);
    if (values === undefined) buckets.set(begin, [value]);
    else values.push(value);
  }
  const columns = Object.fromEntries(
    aggregates.map((name) => [name, [...buckets.values()].map((values) => AGGREGATE_OF[name](values))]),
  );
  return { metric, at: [...buckets.keys()], columns };
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Of at least one value. */
const AGGREGATE_OF: Readonly<Record<Aggregate, (values: readonly number[]) => number>> = {
  avg: (values) => sumOf(values) / values.length,
  min: (values) => values.reduce((least, value) => Math.min(least, value)),
  max: (values) => values.reduce((most, value) => Math.max(most, value)),
  sum: sumOf,
  count: (values) => values.length,
  first: (values) => values[0] ?? NaN,
  last: (values) => values.at(-1) ?? NaN,
};
