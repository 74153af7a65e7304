import type { Journal, RecordedEvent, Subscriber } from '../../actors/kernel/ports/journal.js';
import type { Buckets, Clock } from '../../actors/kernel/ports/surroundings.js';
import { RECENT_MS, type Recent } from '../../actors/kernel/recent-series.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { createDeviceTroubles, type DeviceTroubles, type Rejection, type TakenOver } from './device-troubles.js';
import { createDisconnections, type Disconnection, type Disconnections } from './disconnections.js';
import { quantile, since } from './histogram.js';

/** Seconds of ingest and connects that are remembered. */
const REMEMBERED_SECONDS = 900;
/** The commit gate's quantiles are those of the last minute, sampled every five seconds. */
const GATE_EVERY_SECONDS = 5;
const GATE_SAMPLES = 12;
const TOLD_DEVICES = 50;

/** Events that are looked at; all others, telemetry above all, cost a comparison. */
const WATCHED = new Set(['MessageRejected', 'DeviceConnected', 'DeviceDisconnected']);

/** What has happened lately, as far as this node has seen it since its start. */
export interface Activity {
  /** Events journaled per second, the oldest first; fewer than 900 after a start. */
  readonly events: readonly number[];
  /** Connections of devices per second, likewise. */
  readonly connects: readonly number[];
  /** Of the last minute; `null` before the first publish in it. */
  readonly commitGate: { readonly p50Seconds: number; readonly p99Seconds: number; readonly publishes: number } | null;
  readonly rejections: readonly Recent<Rejection>[];
  readonly takenOver: readonly Recent<TakenOver>[];
  readonly disconnections: readonly Disconnection[];
}

export interface ActivityMonitor {
  /** Reads from the head: what was before this node started is history, not activity. */
  readonly subscriber: Subscriber;
  read(tenant: string): Activity;
  /** What troubles one device now. */
  ofDevice(
    tenant: string,
    device: string,
  ): {
    readonly rejections: Recent<Rejection> | undefined;
    readonly takenOver: Recent<TakenOver> | undefined;
  };
  stop(): void;
}

interface TenantActivity {
  readonly troubles: DeviceTroubles;
  readonly ended: Disconnections;
}

/** Watches the journal and the commit gate for Home and Health, in memory that is bounded per tenant. */
export function watchActivity(options: {
  readonly journal: Pick<Journal, 'shards' | 'headOf'>;
  /** Of `fleetlog_commit_gate_seconds`. */
  readonly gateBuckets: () => Promise<Buckets>;
  readonly clock: Clock;
}): ActivityMonitor {
  const { journal, gateBuckets, clock } = options;
  const tenants = new Map<string, TenantActivity>();
  const events: number[] = [];
  const connects: number[] = [];
  let gate: Buckets[] = [];
  let seconds = 0;
  let connected = 0;
  const total = (): number => {
    let sum = 0;
    for (let shard = 0; shard < journal.shards; shard++) sum += journal.headOf(shard);
    return sum;
  };
  let last = total();

  const remember = (series: number[], value: number): void => {
    series.push(value);
    if (series.length > REMEMBERED_SECONDS) series.shift();
  };
  const sampleGate = (): void => {
    void gateBuckets().then((buckets) => {
      gate = [...gate, buckets].slice(-GATE_SAMPLES - 1);
    });
  };
  const sample = (): void => {
    const now = total();
    remember(events, now - last);
    remember(connects, connected);
    last = now;
    connected = 0;
    if (++seconds % GATE_EVERY_SECONDS === 0) sampleGate();
  };
  sampleGate();
  const timer = setInterval(sample, 1000).unref();

  const tenantOf = (name: string): TenantActivity => {
    let found = tenants.get(name);
    if (found === undefined)
      tenants.set(name, (found = { troubles: createDeviceTroubles(), ended: createDisconnections() }));
    return found;
  };
  const note = (event: RecordedEvent): void => {
    const { tenant, id: device = '' } = parseStreamKey(event.stream);
    const { troubles, ended } = tenantOf(tenant);
    const data: unknown = JSON.parse(event.payload.toString('utf8'));
    if (event.type === 'DeviceConnected') {
      connected += 1;
      ended.noteConnect(device);
    }
    if (event.type === 'DeviceDisconnected')
      ended.noteEnd(device, (data as { readonly reason: string }).reason, event.recordedAt);
    troubles.note(device, event.type, data, event.recordedAt);
  };

  return {
    subscriber: {
      name: 'activity',
      checkpoint: (shard) => Promise.resolve(journal.headOf(shard)),
      handle(_shard, batch) {
        for (const event of batch) if (WATCHED.has(event.type)) note(event);
      },
    },
    read(tenant) {
      const now = clock.now();
      const found = tenants.get(tenant);
      const [first, newest] = [gate[0], gate.at(-1)];
      return {
        events,
        connects,
        commitGate: first && newest ? gateFigures(since(first, newest)) : null,
        rejections: found?.troubles.rejections.all(now).slice(0, TOLD_DEVICES) ?? [],
        takenOver: found?.troubles.takenOver.all(now).slice(0, TOLD_DEVICES) ?? [],
        disconnections: found?.ended.since(now - RECENT_MS) ?? [],
      };
    },
    ofDevice(tenant, device) {
      const troubles = tenants.get(tenant)?.troubles;
      const now = clock.now();
      return { rejections: troubles?.rejections.of(device, now), takenOver: troubles?.takenOver.of(device, now) };
    },
    stop: () => clearInterval(timer),
  };
}

function gateFigures(buckets: Buckets): Activity['commitGate'] {
  const publishes = buckets.at(-1)?.count ?? 0;
  if (publishes === 0) return null;
  return { p50Seconds: quantile(buckets, 0.5), p99Seconds: quantile(buckets, 0.99), publishes };
}
