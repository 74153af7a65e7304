import type { ChartSeries } from '../../components/chart-options.js';
import type { Problem } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';

/** A fixed moment, so that every screenshot is the same. */
export const NOW = Date.UTC(2026, 1, 3, 14, 3, 12);

export const FINGERPRINT = '554e49df4add082391d22ae85a06cc3a1f0b7c6d5e4a39281706f5e4d3c2b1a0';

export const TIMES = Array.from({ length: 120 }, (_, index) => NOW / 1000 - 120 + index);

const wave = (offset: number, height: number): (number | null)[] =>
  TIMES.map((_, index) =>
    index > 70 && index < 78 ? null : offset + height * Math.sin(index / 9) + ((index * 7) % 5) / 4,
  );

export const SERIES: readonly ChartSeries[] = [
  {
    name: 'temperatureMax',
    unit: '°C',
    values: wave(14, 6),
    band: { min: wave(12, 6), max: wave(16, 6) },
  },
  { name: 'temperatureMin', unit: '°C', values: wave(5, 4) },
  { name: 'wind', unit: 'm/s', values: wave(3, 1) },
];

export const SHARDS = [
  { shard: 0, head: 12_804 },
  { shard: 1, head: 9_377 },
];

export const PROBLEM: Problem = {
  type: '/docs/errors/DEVICE_EXISTS',
  title: 'The device exists',
  status: 409,
  code: 'DEVICE_EXISTS',
  detail: 'There is a device pump-7 already.',
  hint: 'Choose another id, or open the device that has it.',
  instance: '/api/v1/devices',
  requestId: 'o2Jx7bqLk0aZ',
};

const event = (sequence: number, type: string, payload: object): JournalEvent => ({
  shard: 3,
  position: 4700 + sequence,
  stream: 'device/default/pump-7',
  sequence,
  type,
  schemaVersion: 1,
  occurredAt: new Date(NOW - (10 - sequence) * 1000).toISOString(),
  recordedAt: new Date(NOW - (10 - sequence) * 1000).toISOString(),
  tenant: 'default',
  device: 'pump-7',
  payload: payload as Record<string, never>,
  metadata: {},
});

export const EVENTS: readonly JournalEvent[] = [
  event(7, 'DeviceDisconnected', { sessionEpoch: 1, reason: 'KEEP_ALIVE_TIMEOUT' }),
  event(6, 'MessageRejected', { code: 'PAYLOAD_INVALID', detail: 'must be number', pointer: '/temperature' }),
  event(5, 'TelemetryRecorded', { values: { temperature: 21.5, pressure: 6.02 } }),
  event(4, 'TelemetryRecorded', { values: { temperature: 21.4, pressure: 6 } }),
  event(3, 'DeviceConnected', { sessionEpoch: 1, address: '10.0.0.7' }),
  event(2, 'CertificateIssued', { fingerprint: '554e49df4add0823' }),
  event(1, 'DeviceRegistered', { id: 'pump-7' }),
];
