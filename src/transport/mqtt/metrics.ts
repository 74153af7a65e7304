import type { Counter, Gauge, Histogram, Meter } from '../../actors/kernel/ports/surroundings.js';
import type { ListenerName } from './connection.js';
import { VALVE_REASONS, type ValveReason } from './read-valve.js';

/** What became of a message. */
export type MessageResult = 'accepted' | 'duplicate' | 'rejected' | 'superseded' | 'failed' | 'stalled' | 'dropped';

/** The broker's metrics (`experience.md` §7). */
export interface MqttMetrics {
  /** Counts a message by the kind of its topic, its QoS and what became of it. */
  countMessage(kind: string, qos: number, result: MessageResult): void;
  /** CONNECTs and filters that were refused, and connections that were cut; label `reason`. */
  readonly refused: Counter;
  /** Messages that were refused and journaled as such; label `reason`. */
  readonly messagesRejected: Counter;
  readonly gateSeconds: Histogram;
  readonly gateWaiting: Gauge;
}

const GATE_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

export function createMqttMetrics(meter: Meter): MqttMetrics {
  const messages = meter.counter('fleetlog_mqtt_messages_total', 'Messages of devices by what became of them.', [
    'topic_kind',
    'qos',
    'result',
  ]);
  const series = new Map<string, () => void>();
  return {
    countMessage(kind, qos, result) {
      const key = `${kind} ${qos} ${result}`;
      let count = series.get(key);
      if (!count) series.set(key, (count = messages.series({ topic_kind: kind, qos: String(qos), result })));
      count();
    },
    refused: meter.counter('fleetlog_mqtt_refused_total', 'Refused CONNECTs and filters, cut connections.', ['reason']),
    messagesRejected: meter.counter('fleetlog_messages_rejected_total', 'Messages journaled as MessageRejected.', [
      'reason',
    ]),
    gateSeconds: meter.histogram(
      'fleetlog_commit_gate_seconds',
      'Time of a publish from its arrival to its commit.',
      GATE_BUCKETS_SECONDS,
    ),
    gateWaiting: meter.gauge('fleetlog_commit_gate_waiting', 'Publishes that wait for their commit.'),
  };
}

/** What the broker tells of itself whenever somebody looks. */
export function observeBroker(
  meter: Meter,
  broker: {
    connections(): readonly { readonly listener: ListenerName; readonly count: number }[];
    unread(): Readonly<Partial<Record<ValveReason, number>>>;
    waiting(): { readonly bytes: number; readonly oldestSeconds: number };
  },
): void {
  meter.observableGauge('fleetlog_mqtt_connections', 'Admitted connections.', ['listener'], (gauge) => {
    for (const { listener, count } of broker.connections()) gauge.set(count, { listener });
  });
  meter.observableGauge(
    'fleetlog_mqtt_unread_connections',
    'Connections whose socket is not read.',
    ['reason'],
    (gauge) => {
      const counts = broker.unread();
      for (const reason of VALVE_REASONS) gauge.set(counts[reason] ?? 0, { reason });
    },
  );
  meter.observableGauge('fleetlog_commit_gate_waiting_bytes', 'Bytes of the publishes that wait.', [], (gauge) =>
    gauge.set(broker.waiting().bytes),
  );
  meter.observableGauge('fleetlog_commit_gate_oldest_seconds', 'Age of the oldest publish that waits.', [], (gauge) =>
    gauge.set(broker.waiting().oldestSeconds),
  );
}
