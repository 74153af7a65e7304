// A figure without this check is void: acknowledged = journaled = in Kafka, in order.
import { journalEvents } from './journal.js';
import { relayLag } from './rest.js';

const CAUGHT_UP_MS = 120_000;

/**
 * Counts the telemetry in the journal, device by device in order, waits for the relay, and lets the platform compare the topic
 * (read_committed) with the journal byte by byte.
 */
export async function verify(call, acknowledged, log) {
  const journaled = await countTelemetry(call);
  const report = await compareTopic(call);
  log(`acknowledged ${acknowledged}, journaled ${journaled}, relay ${JSON.stringify({ ...report, upTo: undefined })}`);
  return journaled === acknowledged && isExact(report) && report.records >= journaled;
}

/** @throws Error when a device's events are out of order */
async function countTelemetry(call) {
  const seen = new Map();
  let events = 0;
  for await (const { stream, sequence } of journalEvents(call, 'TelemetryRecorded')) {
    events++;
    if ((seen.get(stream) ?? 0) >= sequence) throw new Error(`${stream} is out of order at ${sequence}`);
    seen.set(stream, sequence);
  }
  return events;
}

async function compareTopic(call) {
  const startedAt = performance.now();
  while ((await relayLag(call)) > 0) {
    if (performance.now() - startedAt > CAUGHT_UP_MS) throw new Error('the relay does not catch up');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (await call('POST', '/system/relay/verify')).json();
}

export const isExact = ({ gaps, duplicates, inversions, differences }) =>
  gaps + duplicates + inversions + differences === 0;
