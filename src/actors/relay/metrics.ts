import type { Meter } from '../kernel/ports/surroundings.js';

export interface RelayMetrics {
  sent(events: number, seconds: number): void;
  fenced(): void;
}

const TRANSACTION_BUCKETS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10];

export function createRelayMetrics(meter: Meter): RelayMetrics {
  const seconds = meter.histogram(
    'fleetlog_relay_transaction_seconds',
    'Time of one Kafka transaction, commit included.',
    TRANSACTION_BUCKETS,
  );
  const records = meter.counter('fleetlog_relay_records_total', 'Events committed in Kafka.');
  const fenced = meter.counter('fleetlog_relay_fenced_total', 'Transactions lost to another relay of the same shard.');
  return {
    sent(events, duration) {
      seconds.observe(duration);
      records.inc(events);
    },
    fenced: () => fenced.inc(),
  };
}
