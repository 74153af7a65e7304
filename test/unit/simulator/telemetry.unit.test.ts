import { describe, expect, test } from '@jest/globals';
import { decodeUplink } from '../../../src/transport/mqtt/dialects/native.js';
import { parseUplinkTopic } from '../../../src/transport/mqtt/topics.js';
import type { OutgoingMessage } from '../../../src/edge/simulator/send-buffer.js';
import { createTelemetry, type Flaws, type Telemetry } from '../../../src/edge/simulator/telemetry.js';

const NOW = 1_700_000_000_000;
const HISTORY = 1_461;

interface Sent {
  readonly id: string;
  readonly ts: number;
  readonly values: { readonly count: number | null };
}

function telemetryOf(flaws?: Flaws, historyLength = HISTORY): Telemetry {
  const source = { historyLength, at: (index: number) => ({ count: index, day: 'a day' }) };
  return createTelemetry({ deviceId: 'station-1', source, idPrefix: 'run', ...(flaws && { flaws }) });
}

const recordsOf = ({ payload }: OutgoingMessage): Sent[] => [JSON.parse(payload) as Sent | Sent[]].flat();

describe('the past of a device', () => {
  const history = telemetryOf().history(NOW);
  const records = history.flatMap(recordsOf);

  test('holds every record once and in order, in chunks of at most 100', () => {
    expect(records.map(({ values }) => values.count)).toEqual(Array.from({ length: HISTORY }, (_, index) => index));
    expect(history.map((message) => message.records)).toEqual([...Array<number>(14).fill(100), 61]);
    expect(history.map((message) => recordsOf(message).length)).toEqual(history.map((message) => message.records));
  });

  test('lies one second apart and ends now', () => {
    expect(records.at(-1)?.ts).toBe(NOW);
    for (const [index, { ts }] of records.entries()) expect(ts).toBe(NOW - (HISTORY - 1 - index) * 1_000);
  });

  test('is what the platform accepts, a message id of its own with each record', () => {
    for (const { topic, payload, records: count } of history) {
      const decoded = decodeUplink(parseUplinkTopic(topic)!, Buffer.from(payload), 1);
      expect(decoded).toMatchObject({ kind: 'command', command: { type: 'RecordTelemetry' } });
      if (decoded.kind === 'command' && decoded.command.type === 'RecordTelemetry')
        expect(decoded.command.records).toHaveLength(count);
    }
    expect(new Set(records.map(({ id }) => id)).size).toBe(HISTORY);
  });
});

describe('a live device', () => {
  test('goes on behind its past, one record a message', () => {
    const telemetry = telemetryOf();
    telemetry.history(NOW);
    const [first, second] = [telemetry.live(NOW + 1_000), telemetry.live(NOW + 2_000)];
    expect(recordsOf(first)).toEqual([{ id: 'run-1461', ts: NOW + 1_000, values: { count: 1461, day: 'a day' } }]);
    expect(recordsOf(second)[0]?.id).toBe('run-1462');
    expect(first).toMatchObject({ topic: 'devices/station-1/telemetry', records: 1 });
  });

  test('gives the same ids in the same run, whoever asks', () => {
    expect(telemetryOf().history(NOW)).toEqual(telemetryOf().history(NOW));
  });
});

describe('a device that is faulty on purpose', () => {
  const flaws = { brokenPayloadEvery: 20, clockAheadMs: 90_000 };

  test('breaks every 20th payload, and the platform refuses just these', () => {
    const telemetry = telemetryOf(flaws, 0);
    const refused: number[] = [];
    for (let count = 1; count <= 60; count++) {
      const { topic, payload } = telemetry.live(NOW);
      const decoded = decodeUplink(parseUplinkTopic(topic)!, Buffer.from(payload), 1);
      if (decoded.kind === 'command') continue;
      expect(decoded).toMatchObject({ code: 'PAYLOAD_INVALID', pointer: '/values/count', id: `run-${count - 1}` });
      refused.push(count);
    }
    expect(refused).toEqual([20, 40, 60]);
  });

  test('has a clock that is 90 s ahead', () => {
    const telemetry = telemetryOf(flaws);
    expect(telemetry.history(NOW).flatMap(recordsOf).at(-1)?.ts).toBe(NOW + 90_000);
    expect(recordsOf(telemetry.live(NOW))[0]?.ts).toBe(NOW + 90_000);
  });
});
