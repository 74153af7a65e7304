import type { Clock, Logger, Meter } from '../../src/actors/kernel/ports/surroundings.js';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines for assertions and prints nothing. */
export function createSilentLogger(): Logger & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const withFields = (base: object): Logger => {
    const at =
      (level: LoggedLine['level']) =>
      (fields: object, message: string): void =>
        void lines.push({ level, fields: { ...base, ...fields }, message });
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => withFields({ ...base, ...fields }),
    };
  };
  return { ...withFields({}), lines };
}

/** A clock that stands still until it is told to go. */
export function createFixedClock(start = Date.UTC(2026, 0, 1)): Clock & { advance(milliseconds: number): void } {
  let passed = 0;
  return {
    now: () => start + passed,
    monotonic: () => passed,
    advance: (milliseconds) => void (passed += milliseconds),
  };
}

/** The real time, for tests with timers. */
export const realClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/**
 * A meter that keeps the last value of each series under `name{label="value"}`. Histograms keep their count, observed gauges are
 * looked at whenever `values` is.
 */
export function createMemoryMeter(): Meter & { readonly values: Map<string, number> } {
  const values = new Map<string, number>();
  const observed: (() => void)[] = [];
  const series = (name: string, labels: Readonly<Record<string, string>> = {}): string => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
  };
  const add = (key: string, amount: number): void => void values.set(key, (values.get(key) ?? 0) + amount);
  return {
    get values() {
      for (const look of observed) look();
      return values;
    },
    counter: (name) => ({
      inc: (amount = 1, labels) => add(series(name, labels), amount),
      series: (labels) => () => add(series(name, labels), 1),
    }),
    gauge: (name) => ({ set: (value, labels) => void values.set(series(name, labels), value) }),
    observableGauge: (name, _help, _labels, collect) =>
      void observed.push(() => collect({ set: (value, labels) => void values.set(series(name, labels), value) })),
    histogram: (name) => ({ observe: (_value, labels) => add(series(name, labels), 1) }),
  };
}
