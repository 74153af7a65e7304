import type { Clock, Journal, SubscriptionStatus } from '../actors/kernel/ports.js';
import type { QuarantinedStream } from '../actors/kernel/quarantine.js';
import type { StallWatch } from '../actors/kernel/stall-watch.js';
import type { Readiness } from './routes/public.js';
import type { SystemStatus } from './routes/system.js';

/** What the state of the platform is read from. */
export interface SystemParts {
  readonly journal: Pick<Journal, 'heads' | 'headOf' | 'readShard' | 'health'>;
  /** Absent while Kafka is off. */
  readonly relay: { status(): SubscriptionStatus } | undefined;
  readonly subscriptions: readonly { status(): SubscriptionStatus }[];
  /** The commit gate's node-wide bounds. */
  readonly gate: { waiting(): { readonly publishes: number; readonly bytes: number } };
  /** The pool behind reads and snapshots. */
  readonly database: { starved(): number };
  readonly stalls: Pick<StallWatch, 'recent'>;
  readonly directories: readonly { readonly quarantined: readonly QuarantinedStream[] }[];
}

/** Body of `/system/status`: per shard the head, what Kafka has, and how far it is behind. */
export async function systemStatus(parts: SystemParts, version: string, clock: Clock): Promise<SystemStatus> {
  const { journal, relay, subscriptions } = parts;
  const running = relay?.status();
  const checkpoints = new Map(running?.shards.map(({ shard, checkpoint }) => [shard, checkpoint]));
  const shards = (await journal.heads()).map(async ({ shard, head: stored, relayed: mirror }) => {
    // The relay may be ahead of the heads that were read a moment before, and its mirror in Postgres a second behind.
    const relayed = Math.max(checkpoints.get(shard) ?? 0, mirror);
    const head = Math.max(stored, journal.headOf(shard), relayed);
    return {
      shard,
      head,
      relayed,
      lagEvents: head - relayed,
      lagSeconds: await ageAfter(journal, shard, relayed, head, clock),
    };
  });
  return {
    version,
    shards: await Promise.all(shards),
    relay: { state: running?.state ?? 'off', ...(running?.reason !== undefined && { reason: running.reason }) },
    quarantined: parts.directories.flatMap(({ quarantined }) => quarantined),
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

/** Body of `/readyz`. Only a journal that takes nothing makes the platform unready; a Kafka that is away costs ingest nothing. */
export function readiness({ journal, relay, gate, database, stalls }: SystemParts): Readiness {
  const { writable, reason, waitingEvents } = journal.health();
  const relayed = relay?.status();
  const { publishes } = gate.waiting();
  const stall = stalls.recent();
  const starved = database.starved();
  return {
    ready: writable && starved === 0,
    parts: {
      journal: writable
        ? { state: 'ok' }
        : { state: 'down', reason: `${reason ?? 'JOURNAL_UNAVAILABLE'}, ${waitingEvents} events wait` },
      database:
        starved === 0
          ? { state: 'ok' }
          : { state: 'down', reason: `every connection is busy, ${starved} statements wait` },
      mqtt:
        writable || publishes === 0
          ? { state: 'ok' }
          : { state: 'degraded', reason: `${publishes} publishes are held without acknowledgement` },
      process:
        stall === undefined
          ? { state: 'ok' }
          : { state: 'degraded', reason: `it stood still for ${(stall / 1000).toFixed(1)} s` },
      ...(relayed && {
        kafka:
          relayed.state === 'waiting'
            ? { state: 'degraded' as const, reason: relayed.reason ?? 'unreachable' }
            : { state: 'ok' as const },
      }),
    },
  };
}
