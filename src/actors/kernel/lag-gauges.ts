import type { Meter } from './ports.js';

/** Shows how far a subscription is behind in each shard. */
export type LagGauges = (shard: number, events: number, seconds: number) => void;

export function createLagGauges(meter: Meter, subscription: string): LagGauges {
  const labels = ['subscription', 'shard'];
  const lagEvents = meter.gauge('fleetlog_subscription_lag_events', 'Events not yet handled', labels);
  const lagSeconds = meter.gauge(
    'fleetlog_subscription_lag_seconds',
    'Age of the oldest event not yet handled',
    labels,
  );
  return (shard, events, seconds) => {
    const series = { subscription, shard: String(shard) };
    lagEvents.set(events, series);
    lagSeconds.set(seconds, series);
  };
}
