/** Whose clock gives a point its place on the time axis. */
export type TimeAxis = 'server' | 'device';

/** What a bucket can tell of the numbers in it; `true` counts as 1 and `false` as 0. */
export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Lengths of the buckets that are kept, seconds. */
export const ROLLUP_SECONDS = [60, 3600] as const;

/** The newest point of one metric. Times are ms since 1970. */
export interface LatestPoint {
  readonly metric: string;
  /** `undefined` when it was too long to keep here: the event has it. */
  readonly value: unknown;
  /** By the device's clock, where it sent a time. */
  readonly measuredAt: number;
  readonly recordedAt: number;
  /** Of the event in the device's stream. */
  readonly sequence: number;
}

/** Buckets of one metric as columns of equal length, the earliest first; empty buckets are left out. */
export interface BucketColumns {
  readonly metric: string;
  /** Begin of each bucket, ms since 1970. */
  readonly at: readonly number[];
  readonly columns: Readonly<Partial<Record<Aggregate, readonly number[]>>>;
}

export interface BucketQuery {
  readonly tenant: string;
  readonly device: string;
  readonly metrics: readonly string[];
  readonly axis: TimeAxis;
  /** ms since 1970; each bucket that holds a part of [from, to] is answered whole. */
  readonly from: number;
  readonly to: number;
  /** Seconds, a multiple of 60. Buckets begin at multiples of it since 1970. */
  readonly every: number;
  readonly aggregates: readonly Aggregate[];
}

/** Projection of the telemetry of all devices; rebuilt from position 0. Each answer holds all events handled before it. */
export interface TelemetryHistory {
  /** The newest point of each metric, by name. */
  latest(tenant: string, device: string): Promise<readonly LatestPoint[]>;
  /** One entry per metric of the query, in its order. */
  buckets(query: BucketQuery): Promise<readonly BucketColumns[]>;
  /** Position in the device's shard up to which answers are complete. */
  handled(shard: number): number;
}
