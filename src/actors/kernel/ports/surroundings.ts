/*
 * The files of this folder say what the domain needs from outside, as interfaces. `persistence/`, `transport/` and
 * `observability.ts` implement them; `main.ts` wires them. Times are milliseconds since 1970 (UTC) unless a name says otherwise.
 */

/** The only source of time. `now` may jump with the wall clock, `monotonic` never does: timers and durations use it. */
export interface Clock {
  /** Milliseconds since 1970, an integer. */
  now(): number;
  /** Milliseconds since an arbitrary start, never going back. */
  monotonic(): number;
}

/** Structured log line: fields first, then one short sentence. Never a secret or a payload in `fields`. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds `fields` (at least `component`) to each line. */
  child(fields: object): Logger;
}

/** Cumulative buckets of a histogram, the last one without a bound (`le` = infinity). */
export type Buckets = readonly { readonly le: number; readonly count: number }[];

export interface Counter {
  inc(amount?: number, labels?: Readonly<Record<string, string>>): void;
  /** Counts one series without looking its labels up each time: for what happens per message (bench `ingest`). */
  series(labels: Readonly<Record<string, string>>): () => void;
}
export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}
export interface Histogram {
  /** @param seconds or the unit that the metric's name ends with */
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Registers metrics by full name (`fleetlog_…`). Asking twice for a name gives the same metric. Never a device id as label. */
export interface Meter {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /** A gauge read at scrape time; several parts may show series of one name. */
  observableGauge(name: string, help: string, labels: readonly string[], collect: (gauge: Gauge) => void): void;
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram;
}
