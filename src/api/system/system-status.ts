import type { EntityLoad } from '../../actors/kernel/ports/entities.js';
import type { Journal, SubscriptionStatus } from '../../actors/kernel/ports/journal.js';
import type { Clock, Meter } from '../../actors/kernel/ports/surroundings.js';
import type { QuarantinedStream } from '../../actors/kernel/quarantine.js';
import type { StallWatch } from '../../actors/kernel/stall-watch.js';
import type { Readiness } from '../routes/public.js';
import type { SystemStatus } from '../routes/system.js';

/** What the state of the platform is read from. */
export interface SystemParts {
  readonly journal: Pick<Journal, 'heads' | 'headOf' | 'readShard' | 'health'>;
  /** Absent while Kafka is off. */
  readonly relay: { status(): SubscriptionStatus } | undefined;
  /** Where the relay writes to. */
  readonly eventsTopic: string;
  readonly subscriptions: readonly { status(): SubscriptionStatus }[];
  readonly mqtt: SystemStatus['mqtt'];
  readonly storage: { read(): Promise<SystemStatus['storage']> };
  /** What of the devices' messages waits for its commit, and whose sockets are not read for that or another reason. */
  readonly gate: {
    waiting(): {
      readonly publishes: number;
      readonly bytes: number;
      readonly oldestSeconds: number;
      readonly isFull: boolean;
    };
    unread(): Readonly<Record<string, number>>;
    connections(): number;
  };
  readonly devices: { load(): EntityLoad };
  /** The pool behind reads and snapshots. */
  readonly database: { starved(): number };
  readonly stalls: Pick<StallWatch, 'recent'>;
  readonly directories: readonly { readonly quarantined: readonly QuarantinedStream[] }[];
}

/** Body of `/system/status`: what waits where and why; per shard the head, what Kafka has, and how far it is behind. */
export async function systemStatus(parts: SystemParts, version: string, clock: Clock): Promise<SystemStatus> {
  const { journal, relay, subscriptions } = parts;
  const running = relay?.status();
  const places = new Map(running?.shards.map((place) => [place.shard, place]));
  const shards = (await journal.heads()).map(async ({ shard, head: stored, relayed: mirror }) => {
    // The relay may be ahead of the heads that were read a moment before, and its mirror in Postgres a second behind.
    const place = places.get(shard);
    const relayed = Math.max(place?.checkpoint ?? 0, mirror);
    const head = Math.max(stored, journal.headOf(shard), relayed);
    return {
      shard,
      head,
      relayed,
      lagEvents: head - relayed,
      lagSeconds: await ageAfter(journal, shard, relayed, head, clock),
      ...(place?.reason !== undefined && { reason: place.reason }),
    };
  });
  return {
    version,
    parts: readiness(parts).parts,
    waiting: whatWaits(parts),
    recovering: recovery(parts.devices.load()),
    shards: await Promise.all(shards),
    relay: {
      state: running?.state ?? 'off',
      topic: parts.eventsTopic,
      ...(running?.reason !== undefined && { reason: running.reason }),
    },
    quarantined: parts.directories.flatMap(({ quarantined }) => quarantined),
    storage: await parts.storage.read(),
    mqtt: parts.mqtt,
    subscriptions: [...(running ? [running] : []), ...subscriptions.map((subscription) => subscription.status())],
  };
}

/** Age of the oldest event that is not in Kafka, seconds; 0 when all are. */
async function ageAfter(
  journal: SystemParts['journal'],
  shard: number,
  relayed: number,
  head: number,
  clock: Clock,
): Promise<number> {
  if (relayed >= head) return 0;
  const [oldest] = await journal.readShard(shard, relayed, 1);
  return oldest === undefined ? 0 : Math.max(0, (clock.now() - oldest.recordedAt) / 1000);
}

/** Told only while devices wait for their turn: a few that are read again now and then are nothing to tell. */
function recovery({ active, recovering, recoveriesWaiting }: EntityLoad): SystemStatus['recovering'] {
  if (recoveriesWaiting === 0) return null;
  return { recovered: active - recovering - recoveriesWaiting, total: active };
}

function whatWaits({ gate, journal, devices }: SystemParts): SystemStatus['waiting'] {
  const { publishes, bytes, oldestSeconds, isFull } = gate.waiting();
  const { waitingAppends, waitingEvents, waitingBytes } = journal.health();
  return {
    commitGate: { publishes, bytes, oldestSeconds, full: isFull },
    journal: { appends: waitingAppends, events: waitingEvents, bytes: waitingBytes },
    devices: devices.load(),
    connections: { open: gate.connections(), unread: gate.unread() },
  };
}

/** Body of `/readyz`. Only a journal that takes nothing makes the platform unready; a Kafka that is away costs ingest nothing. */
export function readiness(sources: SystemParts): Readiness {
  const { journal, relay, subscriptions, gate, devices, database, stalls } = sources;
  const { writable, reason, waitingEvents } = journal.health();
  const { recovering, recoveriesWaiting } = devices.load();
  const late = subscriptions.map((subscription) => subscription.status()).filter(({ state }) => state === 'waiting');
  const stall = stalls.recent();
  const starved = database.starved();
  return {
    ready: writable && starved === 0,
    parts: {
      journal: writable ? OK : { state: 'down', reason: `${reason ?? 'UNKNOWN'}, ${waitingEvents} events wait` },
      database: starved === 0 ? OK : { state: 'down', reason: `every connection is busy, ${starved} statements wait` },
      mqtt: mqttPart(gate.waiting(), writable),
      devices:
        recoveriesWaiting === 0
          ? OK
          : degraded(`${recovering} devices are being read from the journal, ${recoveriesWaiting} wait for their turn`),
      subscriptions:
        late.length === 0 ? OK : degraded(late.map(({ name, reason: why }) => `${name}: ${why ?? ''}`).join('; ')),
      process: stall === undefined ? OK : degraded(`it stood still for ${(stall / 1000).toFixed(1)} s`),
      ...(relay && { kafka: kafkaPart(relay.status()) }),
    },
  };
}

/** Shows which parts of `/readyz` are not well, so that an alert can name them. */
export function observeDegraded(meter: Meter, parts: SystemParts): void {
  meter.observableGauge('fleetlog_degraded', '1 for a part that is degraded or down, else 0.', ['part'], (gauge) => {
    for (const [part, { state }] of Object.entries(readiness(parts).parts)) gauge.set(state === 'ok' ? 0 : 1, { part });
  });
}

type Part = Readiness['parts'][string];

const OK: Part = { state: 'ok' };
const degraded = (reason: string): Part => ({ state: 'degraded', reason });

function mqttPart({ publishes, oldestSeconds, isFull }: ReturnType<SystemParts['gate']['waiting']>, writable: boolean) {
  if (!isFull && (writable || publishes === 0)) return OK;
  const since = `the oldest for ${oldestSeconds.toFixed(1)} s`;
  return degraded(
    isFull
      ? `OVERLOADED: ${publishes} publishes wait for their commit, ${since}; publishers are not read`
      : `${publishes} publishes are held without acknowledgement, ${since}`,
  );
}

function kafkaPart({ state, reason, shards }: SubscriptionStatus): Part {
  if (state !== 'waiting') return OK;
  const behind = shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
  return degraded(`${reason ?? 'unreachable'}; ${behind} events wait in the journal`);
}
