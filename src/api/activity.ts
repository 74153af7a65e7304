import type { Buckets, Clock, Journal, RecordedEvent, Subscriber } from '../actors/kernel/ports.js';
import { parseStreamKey } from '../actors/kernel/stream-key.js';
import { quantile, since } from './histogram.js';

/** Seconds of ingest that are remembered. */
const REMEMBERED_SECONDS = 900;
/** The commit gate's quantiles are those of the last minute, sampled every five seconds. */
const GATE_EVERY_SECONDS = 5;
const GATE_SAMPLES = 12;
/** Refused messages and ended connections count for so long. */
const RECENT_MS = 5 * 60 * 1000;
/** Devices remembered per tenant; the one that was quiet for longest goes first. */
const MAX_DEVICES = 1000;
const TOLD_DEVICES = 50;
const SLOT_MS = 10_000;
const ENDED_BY_ITSELF = new Set(['CLIENT_DISCONNECT', 'TAKEN_OVER', 'SERVER_STOPPED']);

/** A device whose messages are being refused. */
export interface Rejection {
  readonly device: string;
  /** In the last five minutes, to ten seconds. */
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

/** Connections that ended for one reason. */
export interface Disconnections {
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** A few of them. */
  readonly devices: readonly string[];
}

/** What has happened lately, as far as this node has seen it since its start. */
export interface Activity {
  /** Events journaled per second, the oldest first; fewer than 900 after a start. */
  readonly events: readonly number[];
  /** Of the last minute; `null` before the first publish in it. */
  readonly commitGate: { readonly p50Seconds: number; readonly p99Seconds: number; readonly publishes: number } | null;
  readonly rejections: readonly Rejection[];
  readonly disconnections: readonly Disconnections[];
}

export interface ActivityMonitor {
  /** Reads from the head: what was before this node started is history, not activity. */
  readonly subscriber: Subscriber;
  read(tenant: string): Activity;
  stop(): void;
}

interface Ended {
  readonly at: number;
  readonly device: string;
  readonly reason: string;
}

/** A series of refusals, counted by slots of time so that old ones fall out without a list of all. */
interface RejectionSeries {
  readonly last: Omit<Rejection, 'count'>;
  /** Number of the slot, and how many were refused in it. */
  readonly slots: Map<number, number>;
}

interface TenantActivity {
  readonly rejections: Map<string, RejectionSeries>;
  ended: Ended[];
}

/** Watches the journal and the commit gate for Home and Health. Costs a comparison per event and an entry per troubled device. */
export function watchActivity(options: {
  readonly journal: Pick<Journal, 'shards' | 'headOf'>;
  /** Of `fleetlog_commit_gate_seconds`. */
  readonly gateBuckets: () => Promise<Buckets>;
  readonly clock: Clock;
}): ActivityMonitor {
  const { journal, gateBuckets, clock } = options;
  const tenants = new Map<string, TenantActivity>();
  const perSecond: number[] = [];
  let gate: Buckets[] = [];
  let seconds = 0;
  const total = (): number => {
    let sum = 0;
    for (let shard = 0; shard < journal.shards; shard++) sum += journal.headOf(shard);
    return sum;
  };
  let last = total();

  const sample = (): void => {
    const now = total();
    perSecond.push(now - last);
    if (perSecond.length > REMEMBERED_SECONDS) perSecond.shift();
    last = now;
    if (seconds++ % GATE_EVERY_SECONDS !== 0) return;
    void gateBuckets().then((buckets) => {
      gate = [...gate, buckets].slice(-GATE_SAMPLES - 1);
    });
  };
  sample();
  perSecond.length = 0;
  const timer = setInterval(sample, 1000).unref();

  const tenantOf = (name: string): TenantActivity => {
    let found = tenants.get(name);
    if (found === undefined) tenants.set(name, (found = { rejections: new Map(), ended: [] }));
    return found;
  };
  const note = (event: RecordedEvent): void => {
    const { tenant, id: device = '' } = parseStreamKey(event.stream);
    if (event.type === 'MessageRejected') noteRejection(tenantOf(tenant).rejections, device, event);
    else noteEnd(tenantOf(tenant), device, event);
  };

  return {
    subscriber: {
      name: 'activity',
      checkpoint: (shard) => Promise.resolve(journal.headOf(shard)),
      handle(_shard, events) {
        for (const event of events) {
          if (event.type === 'MessageRejected' || event.type === 'DeviceDisconnected') note(event);
        }
      },
    },
    read(tenant) {
      const from = clock.now() - RECENT_MS;
      const { rejections, ended } = tenants.get(tenant) ?? {
        rejections: new Map<string, RejectionSeries>(),
        ended: [],
      };
      const [first, newest] = [gate[0], gate.at(-1)];
      return {
        events: perSecond,
        commitGate: first && newest ? gateFigures(since(first, newest)) : null,
        rejections: [...rejections.values()]
          .filter(({ last: { lastAt } }) => lastAt >= from)
          .map(({ last, slots }) => ({ ...last, count: countFrom(slots, from) }))
          .sort((a, b) => b.count - a.count)
          .slice(0, TOLD_DEVICES),
        disconnections: byReason(ended.filter(({ at }) => at >= from)),
      };
    },
    stop: () => clearInterval(timer),
  };
}

function gateFigures(buckets: Buckets): Activity['commitGate'] {
  const publishes = buckets.at(-1)?.count ?? 0;
  if (publishes === 0) return null;
  return { p50Seconds: quantile(buckets, 0.5), p99Seconds: quantile(buckets, 0.99), publishes };
}

function noteRejection(rejections: Map<string, RejectionSeries>, device: string, event: RecordedEvent): void {
  const { code, detail, pointer } = JSON.parse(event.payload.toString('utf8')) as Rejection;
  const lastAt = event.recordedAt;
  const before = rejections.get(device);
  // A pause as long as the window ends a series.
  const series = before !== undefined && lastAt - before.last.lastAt < RECENT_MS ? before : undefined;
  const slots = series?.slots ?? new Map<number, number>();
  const slot = Math.floor(lastAt / SLOT_MS);
  slots.set(slot, (slots.get(slot) ?? 0) + 1);
  for (const old of slots.keys()) if (old * SLOT_MS < lastAt - RECENT_MS) slots.delete(old);
  rejections.delete(device); // the last one put in is the last to be forgotten
  const firstAt = series?.last.firstAt ?? lastAt;
  const last = { device, firstAt, lastAt, code, detail, ...(pointer === undefined ? {} : { pointer }) };
  rejections.set(device, { last, slots });
  if (rejections.size > MAX_DEVICES) rejections.delete(rejections.keys().next().value ?? '');
}

function countFrom(slots: ReadonlyMap<number, number>, from: number): number {
  return [...slots].reduce((sum, [slot, count]) => ((slot + 1) * SLOT_MS > from ? sum + count : sum), 0);
}

function noteEnd(activity: TenantActivity, device: string, event: RecordedEvent): void {
  const { reason } = JSON.parse(event.payload.toString('utf8')) as { readonly reason: string };
  if (ENDED_BY_ITSELF.has(reason)) return;
  activity.ended.push({ at: event.recordedAt, device, reason });
  if (activity.ended.length > MAX_DEVICES) activity.ended = activity.ended.slice(-MAX_DEVICES / 2);
}

function byReason(ended: readonly Ended[]): Disconnections[] {
  const found = new Map<string, Ended[]>();
  for (const one of ended) found.set(one.reason, [...(found.get(one.reason) ?? []), one]);
  return [...found].map(([reason, all]) => {
    const devices = [...new Set(all.map(({ device }) => device))];
    const times = all.map(({ at }) => at);
    return {
      reason,
      count: devices.length,
      firstAt: Math.min(...times),
      lastAt: Math.max(...times),
      devices: devices.slice(0, 5),
    };
  });
}
