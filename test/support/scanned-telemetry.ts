import type { TelemetryRecorded } from '../../src/actors/device/events.js';
import type { RecordedEvent } from '../../src/actors/kernel/ports/journal.js';
import type {
  Aggregate,
  BucketColumns,
  BucketQuery,
  LatestPoint,
  TelemetryHistory,
  TimeAxis,
} from '../../src/actors/kernel/ports/telemetry-history.js';

const minuteOf = (time: number): number => Math.floor(time / 60_000);

const AGGREGATE: Readonly<Record<Aggregate, (values: readonly number[]) => number>> = {
  avg: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  sum: (values) => values.reduce((a, b) => a + b, 0),
  count: (values) => values.length,
  first: (values) => values[0]!,
  last: (values) => values.at(-1)!,
};

/** Telemetry by looking through all events at each question: what the projection must equal. */
export function createScannedTelemetry(
  events: () => readonly RecordedEvent[],
  streamOf: (tenant: string, device: string) => string,
): TelemetryHistory {
  const pointsOf = (tenant: string, device: string) =>
    events()
      .filter(({ type, stream }) => type === 'TelemetryRecorded' && stream === streamOf(tenant, device))
      .sort((a, b) => a.sequence - b.sequence)
      .map((event) => ({ event, data: JSON.parse(event.payload.toString()) as TelemetryRecorded['data'] }));

  /** Within a minute in which both clocks agree, the device's tells the order. */
  const timeOn = (axis: TimeAxis, ts: number, recordedAt: number): number =>
    axis === 'device' || minuteOf(ts) === minuteOf(recordedAt) ? ts : recordedAt;

  return {
    latest(tenant, device) {
      const latest = new Map<string, { readonly at: number; readonly point: LatestPoint }>();
      for (const { event, data } of pointsOf(tenant, device)) {
        const at = Math.min(data.ts, event.recordedAt);
        for (const [metric, value] of Object.entries(data.values)) {
          if (at < (latest.get(metric)?.at ?? 0)) continue;
          const { recordedAt, sequence } = event;
          latest.set(metric, { at, point: { metric, value, measuredAt: data.ts, recordedAt, sequence } });
        }
      }
      const points = [...latest.values()].map(({ point }) => point);
      return Promise.resolve(points.sort((a, b) => (a.metric < b.metric ? -1 : 1)));
    },
    buckets({ tenant, device, metrics, axis, from, to, every, aggregates }: BucketQuery) {
      const everyMs = every * 1000;
      const begin = (time: number): number => Math.floor(time / everyMs) * everyMs;
      const columnsOf = (metric: string): BucketColumns => {
        const points = pointsOf(tenant, device)
          .map(({ event, data }) => ({ at: timeOn(axis, data.ts, event.recordedAt), value: data.values[metric] }))
          .filter(({ value }) => typeof value === 'number' || typeof value === 'boolean')
          .map(({ at, value }) => ({ at, value: Number(value) }))
          .filter(({ at }) => begin(at) >= begin(from) && begin(at) <= begin(to))
          .sort((a, b) => a.at - b.at);
        const at = [...new Set(points.map((point) => begin(point.at)))];
        const values = at.map((time) => points.filter((point) => begin(point.at) === time).map(({ value }) => value));
        return {
          metric,
          at,
          columns: Object.fromEntries(aggregates.map((name) => [name, values.map(AGGREGATE[name])])),
        };
      };
      return Promise.resolve(metrics.map(columnsOf));
    },
    handled: (shard) =>
      Math.max(
        0,
        ...events()
          .filter((event) => event.shard === shard)
          .map(({ position }) => position),
      ),
  };
}
