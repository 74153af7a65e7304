import type { OutgoingMessage } from './send-buffer.js';

/** What a device measured at one time. */
export type Values = Readonly<Record<string, number | string | null>>;

/** What a device measures: at index 0, 1, 2 … for ever. */
export interface ValueSource {
  /** How many of them lie in the past when the simulation starts. */
  readonly historyLength: number;
  at(index: number): Values;
}

/** The ways in which a device is faulty on purpose. */
export interface Flaws {
  /** Every n-th payload holds a value that no schema allows. */
  readonly brokenPayloadEvery: number;
  readonly clockAheadMs: number;
}

/** Turns what a device measures into the messages that it sends (`devices/{id}/telemetry`), each index once and in order. */
export interface Telemetry {
  /** The whole past in chunks, one record per second, the last at `now` (ms since 1970). */
  history(now: number): readonly OutgoingMessage[];
  /** The next record, measured at `now`. */
  live(now: number): OutgoingMessage;
}

interface TelemetryRecord {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly ts: number;
  readonly values: Values;
}

const CHUNK_RECORDS = 100;
const HISTORY_STEP_MS = 1_000;

export function createTelemetry(options: {
  readonly deviceId: string;
  readonly source: ValueSource;
  /** First part of each message id; the second is the index. */
  readonly idPrefix: string;
  readonly flaws?: Flaws;
}): Telemetry {
  const { deviceId, source, idPrefix, flaws } = options;
  let index = 0;
  let payloads = 0;

  const measure = (now: number): TelemetryRecord => {
    const values = source.at(index);
    const ts = Math.round(now) + (flaws?.clockAheadMs ?? 0);
    return { id: `${idPrefix}-${index++}`, ts, values };
  };
  const message = (records: readonly [TelemetryRecord, ...TelemetryRecord[]], isArray: boolean): OutgoingMessage => {
    payloads++;
    const [first, ...others] = records;
    const isBroken = flaws !== undefined && payloads % flaws.brokenPayloadEvery === 0;
    const sentFirst = isBroken ? { ...first, values: broken(first.values) } : first;
    return {
      topic: `devices/${deviceId}/telemetry`,
      payload: JSON.stringify(isArray ? [sentFirst, ...others] : sentFirst),
      records: records.length,
    };
  };

  return {
    history(now) {
      const messages: OutgoingMessage[] = [];
      while (index < source.historyLength) {
        const length = Math.min(CHUNK_RECORDS, source.historyLength - index);
        const firstTime = now - (source.historyLength - 1 - index) * HISTORY_STEP_MS;
        const first = measure(firstTime);
        const others = Array.from({ length: length - 1 }, (_, other) =>
          measure(firstTime + (other + 1) * HISTORY_STEP_MS),
        );
        messages.push(message([first, ...others], true));
      }
      return messages;
    },
    live: (now) => message([measure(now)], false),
  };
}

/** Null is no value of a metric. */
function broken(values: Values): Values {
  const [metric = 'value'] = Object.keys(values);
  return { ...values, [metric]: null };
}
