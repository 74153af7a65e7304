import type { ChartSeries } from '../../components/chart-options.js';
import type { Schema } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';

type Telemetry = Schema<'Telemetry'>;

/** One metric's points, ms since 1970, ascending. */
export interface MetricPoints {
  readonly metric: string;
  readonly at: readonly number[];
  readonly values: readonly (number | null)[];
  readonly min?: readonly (number | null)[];
  readonly max?: readonly (number | null)[];
}

/** The metrics of an answer that can be drawn: numbers. */
export function pointsOf({ series, every }: Telemetry): readonly MetricPoints[] {
  return series.flatMap(({ metric, at, value, avg, min, max }) => {
    const values = (every === null ? (value ?? []) : (avg ?? [])).map((one) => (typeof one === 'number' ? one : null));
    if (!values.some((one) => one !== null)) return [];
    return [{ metric, at, values, ...(min && max && { min, max }) }];
  });
}

/** With what the stream has told since; what is older than `from` falls away. @param clock whose time places a point */
export function withEvents(
  points: readonly MetricPoints[],
  events: readonly JournalEvent[],
  from: number,
  clock: 'server' | 'device' = 'server',
): readonly MetricPoints[] {
  return points.map((known) => {
    const fresh = events.flatMap(({ type, recordedAt, occurredAt, payload }) => {
      const value = (payload as { values?: Record<string, unknown> }).values?.[known.metric];
      const at = Date.parse(clock === 'server' ? recordedAt : occurredAt);
      const isNew = type === 'TelemetryRecorded' && typeof value === 'number' && at > (known.at.at(-1) ?? 0);
      return isNew ? [{ at, value }] : [];
    });
    fresh.sort((a, b) => a.at - b.at);
    if (fresh.length === 0 && (known.at[0] ?? from) >= from) return known;
    const skip = Math.max(
      0,
      known.at.findIndex((at) => at >= from),
    );
    const add = (column: readonly (number | null)[] | undefined): (number | null)[] => [
      ...(column ?? []).slice(skip),
      ...fresh.map(({ value }) => value),
    ];
    return {
      metric: known.metric,
      at: [...known.at.slice(skip), ...fresh.map(({ at }) => at)],
      values: add(known.values),
      ...(known.min && known.max && { min: add(known.min), max: add(known.max) }),
    };
  });
}

/** Points further apart than so many usual distances have a gap between them. */
const GAP = 5;

/**
 * Puts metrics with times of their own on one time axis. Where a metric is silent for much longer than usual, a point without
 * value is put in: a gap stays a gap.
 * @returns times in seconds; `undefined` in a line means that another metric has its point there
 */
export function joined(
  metrics: readonly MetricPoints[],
  everySeconds: number | null,
): { times: number[]; series: ChartSeries[] } {
  const broken = metrics.map((points) => withGaps(points, everySeconds));
  const times = [...new Set(broken.flatMap(({ at }) => at))].sort((a, b) => a - b);
  const place = new Map(times.map((at, index) => [at, index]));
  const spread = (at: readonly number[], column: readonly (number | null)[]): (number | null)[] => {
    const wide = new Array<number | null>(times.length);
    at.forEach((time, index) => (wide[place.get(time) ?? 0] = column[index] ?? null));
    return wide;
  };
  return {
    times: times.map((at) => at / 1000),
    series: broken.map(({ metric, at, values, min, max }) => ({
      name: metric,
      values: spread(at, values),
      ...(min && max && { band: { min: spread(at, min), max: spread(at, max) } }),
    })),
  };
}

function withGaps(points: MetricPoints, everySeconds: number | null): MetricPoints {
  const { at } = points;
  const usual = everySeconds === null ? medianDistance(at) : everySeconds * 1000;
  const breaks = at.flatMap((time, index) => {
    const before = at[index - 1];
    return before !== undefined && time - before > usual * GAP ? [index] : [];
  });
  if (breaks.length === 0) return points;
  const insert = <T>(column: readonly T[], of: (index: number) => T): T[] =>
    column.flatMap((value, index) => (breaks.includes(index) ? [of(index), value] : [value]));
  const none = (): null => null;
  return {
    metric: points.metric,
    at: insert(at, (index) => (at[index - 1] ?? 0) + 1),
    values: insert<number | null>(points.values, none),
    ...(points.min &&
      points.max && { min: insert<number | null>(points.min, none), max: insert<number | null>(points.max, none) }),
  };
}

function medianDistance(at: readonly number[]): number {
  const distances = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  distances.sort((a, b) => a - b);
  return Math.max(1000, distances[distances.length >> 1] ?? Infinity);
}
