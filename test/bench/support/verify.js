// A figure without this check is void: acknowledged = journaled = in Kafka, in order.
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
  let rest = '';
  const response = await call('GET', '/events?types=TelemetryRecorded', undefined, 'application/x-ndjson');
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line) continue;
      const event = JSON.parse(line);
      if (event.type !== 'TelemetryRecorded') continue;
      events++;
      if ((seen.get(event.stream) ?? 0) >= event.sequence)
        throw new Error(`${event.stream} is out of order at ${event.sequence}`);
      seen.set(event.stream, event.sequence);
    }
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
