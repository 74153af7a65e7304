import type { DeviceIndex, RefusedConnect, RefusedConnects } from '../../actors/kernel/ports/device-index.js';
import type { EntityLoad } from '../../actors/kernel/ports/entities.js';
import type { SubscriptionStatus } from '../../actors/kernel/ports/journal.js';
import type { RelayVerification } from '../../actors/kernel/ports/publisher.js';
import type { QuarantinedStream } from '../../actors/kernel/quarantine.js';
import type { Recent } from '../../actors/kernel/recent-series.js';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { ActivityMonitor } from '../system/activity.js';
import { sendJson, type Handlers } from '../call.js';
import { recentJson } from './device-json.js';
import type { Readiness } from './public.js';

/** How far the journal and its readers are (`/system/status`). */
export interface SystemStatus {
  readonly version: string;
  /** As `/readyz` tells them. */
  readonly parts: Readiness['parts'];
  /** What is waiting where; why is told by `parts` and by the reasons of shards and subscriptions. */
  readonly waiting: {
    /** Publishes between their arrival and their commit. */
    readonly commitGate: {
      readonly publishes: number;
      readonly bytes: number;
      readonly oldestSeconds: number;
      readonly full: boolean;
    };
    /** What waits for Postgres. */
    readonly journal: { readonly appends: number; readonly events: number; readonly bytes: number };
    readonly devices: EntityLoad;
    /** `unread`: sockets that are not read, by reason. */
    readonly connections: { readonly open: number; readonly unread: Readonly<Record<string, number>> };
  };
  /** Devices that have come back and how many of them are read from the journal, while others wait for that; else `null`. */
  readonly recovering: { readonly recovered: number; readonly total: number } | null;
  readonly shards: readonly {
    readonly shard: number;
    readonly head: number;
    readonly relayed: number;
    readonly lagEvents: number;
    readonly lagSeconds: number;
    /** Why it is not relayed, while it waits. */
    readonly reason?: string;
  }[];
  readonly relay: { readonly state: SubscriptionStatus['state']; readonly topic: string; readonly reason?: string };
  readonly subscriptions: readonly SubscriptionStatus[];
  /** Streams that do not verify: each is refused, all others go on. */
  readonly quarantined: readonly QuarantinedStream[];
  /** What Postgres says of itself. */
  readonly storage: { readonly postgres: string; readonly schema: number; readonly latencySeconds: number };
  /** Where devices connect; a port is `null` while its listener is off. */
  readonly mqtt: { readonly host: string; readonly mqttsPort: number | null; readonly plainPort: number | null };
}

/** Refused devices that are told at once. */
const TOLD_DEVICES = 50;

export interface SystemRouteOptions {
  readonly status: () => SystemStatus | Promise<SystemStatus>;
  /** What has happened lately on this node. */
  readonly activity: Pick<ActivityMonitor, 'read'>;
  readonly refusedConnects: RefusedConnects;
  readonly deviceIndex: DeviceIndex;
  /** Absent while Kafka is off. */
  readonly verifyRelay?: (() => Promise<RelayVerification>) | undefined;
}

/** `/system/…`. */
export function systemHandlers(options: SystemRouteOptions): Handlers {
  const { status, activity, refusedConnects, deviceIndex, verifyRelay } = options;
  let running: Promise<RelayVerification> | undefined;
  return {
    async getSystemStatus(call) {
      sendJson(call, 200, await status());
    },
    async getSystemActivity(call) {
      const { tenant } = call.access;
      const { rejections, takenOver, disconnections, ...figures } = activity.read(tenant);
      const refused = refusedConnects.recent(tenant).slice(0, TOLD_DEVICES);
      const known = await deviceIndex.registered(
        tenant,
        refused.map(({ device }) => device),
      );
      sendJson(call, 200, {
        ...figures,
        devices: await deviceIndex.count(tenant),
        rejections: rejections.map(recentJson),
        takenOver: takenOver.map(recentJson),
        refusedConnects: refused.map((one) => ({ ...refusedJson(one), registered: known.has(one.device) })),
        disconnections: disconnections.map(recentJson),
      });
    },
    async verifyRelay(call) {
      if (verifyRelay === undefined) throw new FleetlogError('RELAY_OFF', 'Kafka is off.');
      // Reading a whole topic is dear: who asks while it is being read gets the same answer.
      running ??= verifyRelay().finally(() => {
        running = undefined;
      });
      sendJson(call, 200, await running);
    },
  };
}

/** Its tenant is the caller's. */
function refusedJson({ device, address, code, count, firstAt, lastAt }: Recent<RefusedConnect>): object {
  return recentJson({ device, address, code, count, firstAt, lastAt });
}
