import type { Meter } from './ports/surroundings.js';

/** How far one shard of a subscription is behind. */
interface Lag {
  readonly shard: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
}

/** Shows how far a subscription is behind in each shard, looked at when somebody reads the metrics. */
export function observeLag(meter: Meter, subscription: string, shards: readonly Lag[]): void {
  const labels = ['subscription', 'shard'];
  meter.observableGauge('fleetlog_subscription_lag_events', 'Events not yet handled', labels, (gauge) => {
    for (const { shard, lagEvents } of shards) gauge.set(lagEvents, { subscription, shard: String(shard) });
  });
  meter.observableGauge(
    'fleetlog_subscription_lag_seconds',
    'Age of the oldest event not yet handled',
    labels,
    (gauge) => {
      for (const { shard, lagSeconds } of shards) gauge.set(lagSeconds, { subscription, shard: String(shard) });
    },
  );
}
