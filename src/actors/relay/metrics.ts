import type { Meter } from '../kernel/ports.js';

export interface RelayMetrics {
  sent(events: number, seconds: number): void;
  fenced(): void;
  lag(shard: number, events: number, seconds: number): void;
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
  const labels = ['subscription', 'shard'];
  const lagEvents = meter.gauge('fleetlog_subscription_lag_events', 'Events not yet handled', labels);
  const lagSeconds = meter.gauge(
    'fleetlog_subscription_lag_seconds',
    'Age of the oldest event not yet handled',
    labels,
  );
  return {
    sent(events, duration) {
      seconds.observe(duration);
      records.inc(events);
    },
    fenced: () => fenced.inc(),
    lag(shard, behindEvents, behindSeconds) {
      const of = { subscription: 'relay', shard: String(shard) };
      lagEvents.set(behindEvents, of);
      lagSeconds.set(behindSeconds, of);
    },
  };
}
