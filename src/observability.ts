import { constants, openSync } from 'node:fs';
import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
  collectDefaultMetrics,
} from 'prom-client';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Buckets, Counter, Gauge, Histogram, Logger, Meter } from './actors/kernel/ports/surroundings.js';

/** Fields that are never written, wherever they stand (SEC-140). */
const SECRET_FIELDS = [
  'token',
  'password',
  'passphrase',
  'authorization',
  'key',
  'privateKey',
  'payload',
  'DATABASE_URL',
];

/**
 * The logger: JSON lines, or readable ones on a terminal. Lines go to standard error, standard output belongs to results.
 * A reader that has stopped costs lines, which are counted, never the process (F-43).
 */
export function createLogger(
  options: { readonly level: string; readonly format: 'pretty' | 'json' },
  meter?: Meter,
): Logger {
  const redact = { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[secret]' };
  const destination: DestinationStream =
    options.format === 'pretty'
      ? PinoPretty({
          destination: 2,
          colorize: process.stderr.isTTY,
          translateTime: 'HH:MM:ss',
          ignore: 'pid,hostname',
          singleLine: true,
        })
      : openStandardError(
          meter?.counter('fleetlog_log_lines_dropped_total', 'Log lines dropped because nobody read them.'),
        );
  const hooks = { streamWrite: (line: string) => safeLine(line, options.format) };
  return fromPino(pino({ level: options.level, base: null, redact, hooks }, destination));
}

/** What a terminal obeys or does not show: C1 controls, line separators, marks that turn the direction of text around. */
const OBEYED = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
/** One escape sequence of JSON. */
const ESCAPE = /\\(u[0-9a-f]{4}|.)/gi;
/** Where the stack of an error really goes on in the next line. */
const STACK_LINE = /\\n( {4}at |caused by: )/y;

/**
 * A line in which foreign text can forge nothing (SEC-142). JSON has its controls escaped already; the pretty printer would undo
 * that, so for it the escapes themselves are escaped: what it prints is a backslash and a name.
 * @param line as pino writes it, JSON
 */
export function safeLine(line: string, format: 'pretty' | 'json'): string {
  const plain = line.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (format === 'json') return plain;
  return plain.replace(ESCAPE, (escape: string, kind: string, at: number) => {
    STACK_LINE.lastIndex = at;
    const isText = kind === '"' || kind === '\\' || kind === '/' || kind === 't' || STACK_LINE.test(plain);
    return isText ? escape : `\\${escape}`;
  });
}

/** Bytes that wait for the reader of the log; lines beyond them are dropped. */
const MOST_WAITING_BYTES = 1 << 20;

/** Known before pino's own listener, which writes the rest of all destinations at the end of the process. */
let isEnding = false;
process.once('exit', () => (isEnding = true));

function openStandardError(dropped: Counter | undefined): DestinationStream {
  const destination = pino.destination({
    dest: withoutBlocking(2),
    sync: false,
    minLength: 0,
    maxLength: MOST_WAITING_BYTES,
    // At the end it would wait for ever for a reader that has stopped.
    retryEAGAIN: () => !isEnding,
  });
  destination.on('drop', () => dropped?.inc());
  const flush = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    try {
      flush();
    } catch {
      // Nobody reads: there is nobody to tell.
    }
  };
  return destination;
}

/**
 * A pipe that is full must not hold a thread, and with it the end of the process. Opened anew, the flag is ours alone; a socket
 * cannot be, nor can anything where there is no /proc.
 */
function withoutBlocking(descriptor: number): number {
  try {
    return openSync(
      `/proc/self/fd/${descriptor}`,
      constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    return descriptor;
  }
}

function fromPino(logger: PinoLogger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => fromPino(logger.child(fields)),
  };
}

export interface MetricsRegistry extends Meter {
  /** The body of `/metrics` in the Prometheus exposition format. */
  text(): Promise<string>;
  readonly contentType: string;
  /** What a histogram without labels has counted; empty when there is none of that name. */
  buckets(name: string): Promise<Buckets>;
}

/** The metrics registry behind the `Meter` port. */
export function createMeter(): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const once = <T>(name: string, make: () => T): T => (registry.getSingleMetric(name) as T | undefined) ?? make();
  const counted = new Map<string, (() => void)[]>();
  const observed = new Map<string, ((gauge: Gauge) => void)[]>();
  const gaugeOf = (gauge: PromGauge): Gauge => ({ set: (value, labels) => gauge.set(labels ?? {}, value) });

  return {
    counter(name, help, labels = []): Counter {
      const collect = (): void => counted.get(name)?.forEach((flush) => flush());
      const make = () => new PromCounter({ name, help, labelNames: [...labels], registers: [registry], collect });
      const counter = once(name, make);
      return {
        inc: (amount = 1, given = {}) => counter.inc(given, amount),
        series(given) {
          // prom-client sorts and joins the labels at each count; here they are looked at when somebody reads.
          let amount = 0;
          const flush = (): void => {
            counter.inc(given, amount);
            amount = 0;
          };
          counted.set(name, [...(counted.get(name) ?? []), flush]);
          return () => void (amount += 1);
        },
      };
    },
    gauge: (name, help, labels = []) =>
      gaugeOf(once(name, () => new PromGauge({ name, help, labelNames: [...labels], registers: [registry] }))),
    observableGauge(name, help, labels, collect) {
      observed.set(name, [...(observed.get(name) ?? []), collect]);
      once(
        name,
        () =>
          new PromGauge({
            name,
            help,
            labelNames: [...labels],
            registers: [registry],
            collect() {
              for (const look of observed.get(name) ?? []) look(gaugeOf(this));
            },
          }),
      );
    },
    histogram(name, help, buckets, labels = []): Histogram {
      const histogram = once(
        name,
        () => new PromHistogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers: [registry] }),
      );
      return { observe: (value, given = {}) => histogram.observe(given, value) };
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    async buckets(name) {
      const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
      return values.flatMap(({ labels, value }) => {
        const { le } = labels as { readonly le?: number | string };
        return le === undefined ? [] : [{ le: le === '+Inf' ? Infinity : Number(le), count: value }];
      });
    },
  };
}
