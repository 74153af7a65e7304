import type { TelemetryRecorded } from '../../actors/device/events.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';

/** Numbers of one minute or hour. Times are ms since 1970. */
export interface Bucket {
  count: number;
  min: number;
  max: number;
  sum: number;
  first: number;
  firstAt: number;
  last: number;
  lastAt: number;
}

/** Clocks by which a minute holds a point: both, the server's alone, the device's alone. Stored as `axis`. */
export const BOTH = 0;
export const SERVER = 1;
export const DEVICE = 2;
export type Axis = typeof BOTH | typeof SERVER | typeof DEVICE;

export const MINUTE_MS = 60_000;

/** The newest point of a series. */
export interface Latest {
  /** What decides which is the newest: measured time, a time ahead of the server's counted as the server's. */
  readonly at: number;
  readonly measuredAt: number;
  readonly recordedAt: number;
  readonly sequence: number;
  readonly value: unknown;
}

/** One metric of one device. */
export interface PendingSeries {
  latest: Latest;
  /** Buckets of a minute by `minute × 3 + axis`. */
  readonly minutes: Map<number, Bucket>;
}

/** One device that has sent since the last flush. */
export interface PendingDevice {
  readonly tenant: string;
  readonly device: string;
  readonly metrics: Map<string, PendingSeries>;
}

/** Telemetry that is folded and not yet stored, of one shard. */
export interface TelemetryFold {
  readonly devices: ReadonlyMap<string, PendingDevice>;
  /** Rows that storing it will touch, roughly. */
  readonly rows: number;
  add(event: RecordedEvent, data: TelemetryRecorded['data']): void;
}

/** Metrics that one device may have here; what comes beyond them stays in the journal alone. */
export const MAX_METRICS = 1_000;

/**
 * Sums of numbers beyond it could overflow, which Postgres refuses: one such value would stop the projection for ever. They
 * are kept as the latest value and not charted.
 */
const MAX_CHARTED = 1e290;

/** Folds telemetry in memory, so that many points of a minute cost one row. No allocation per point but of the bucket. */
export function createTelemetryFold(): TelemetryFold {
  const devices = new Map<string, PendingDevice>();
  let rows = 0;

  function deviceOf(stream: string): PendingDevice {
    let device = devices.get(stream);
    if (device === undefined) {
      const { tenant, id = '' } = parseStreamKey(stream);
      device = { tenant, device: id, metrics: new Map() };
      devices.set(stream, device);
    }
    return device;
  }

  function count(series: PendingSeries, minute: number, axis: Axis, value: number, at: number): void {
    const key = minute * 3 + axis;
    const bucket = series.minutes.get(key);
    if (bucket === undefined) {
      rows += 1;
      series.minutes.set(key, bucketOf(value, at));
    } else addPoint(bucket, value, at);
  }

  return {
    devices,
    get rows() {
      return rows;
    },
    add({ stream, sequence, recordedAt }, { values, ts }) {
      const { metrics } = deviceOf(stream);
      const at = Math.min(ts, recordedAt);
      const serverMinute = Math.floor(recordedAt / MINUTE_MS);
      const deviceMinute = Math.floor(ts / MINUTE_MS);
      for (const metric in values) {
        const value = values[metric];
        let series = metrics.get(metric);
        if (series === undefined) {
          if (metrics.size >= MAX_METRICS) continue;
          rows += 1;
          series = { latest: { at, measuredAt: ts, recordedAt, sequence, value }, minutes: new Map() };
          metrics.set(metric, series);
        } else if (at >= series.latest.at) series.latest = { at, measuredAt: ts, recordedAt, sequence, value };
        const number = typeof value === 'boolean' ? Number(value) : value;
        if (typeof number !== 'number' || Math.abs(number) > MAX_CHARTED) continue;
        if (serverMinute === deviceMinute) count(series, serverMinute, BOTH, number, ts);
        else {
          count(series, serverMinute, SERVER, number, recordedAt);
          count(series, deviceMinute, DEVICE, number, ts);
        }
      }
    },
  };
}

function bucketOf(value: number, at: number): Bucket {
  return { count: 1, min: value, max: value, sum: value, first: value, firstAt: at, last: value, lastAt: at };
}

/** Points of the same time keep the order in which they were recorded. */
function addPoint(bucket: Bucket, value: number, at: number): void {
  bucket.count += 1;
  bucket.sum += value;
  if (value < bucket.min) bucket.min = value;
  if (value > bucket.max) bucket.max = value;
  if (at < bucket.firstAt) {
    bucket.first = value;
    bucket.firstAt = at;
  }
  if (at >= bucket.lastAt) {
    bucket.last = value;
    bucket.lastAt = at;
  }
}

/** Adds a later bucket to an earlier one. */
export function addBucket(into: Bucket, later: Bucket): void {
  into.count += later.count;
  into.sum += later.sum;
  into.min = Math.min(into.min, later.min);
  into.max = Math.max(into.max, later.max);
  if (later.firstAt < into.firstAt) {
    into.first = later.first;
    into.firstAt = later.firstAt;
  }
  if (later.lastAt >= into.lastAt) {
    into.last = later.last;
    into.lastAt = later.lastAt;
  }
}
