import type { DeviceIndex, EntityLoad, RelayVerification, SubscriptionStatus } from '../../actors/kernel/ports.js';
import type { QuarantinedStream } from '../../actors/kernel/quarantine.js';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Activity } from '../activity.js';
import { sendJson, type Handlers } from '../call.js';
import { formatRfc3339 } from '../rfc3339.js';
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
  readonly shards: readonly {
    readonly shard: number;
    readonly head: number;
    readonly relayed: number;
    readonly lagEvents: number;
    readonly lagSeconds: number;
    /** Why it is not relayed, while it waits. */
    readonly reason?: string;
  }[];
  readonly relay: { readonly state: SubscriptionStatus['state']; readonly reason?: string };
  readonly subscriptions: readonly SubscriptionStatus[];
  /** Streams that do not verify: each is refused, all others go on. */
  readonly quarantined: readonly QuarantinedStream[];
  /** Where devices connect; a port is `null` while its listener is off. */
  readonly mqtt: { readonly host: string; readonly mqttsPort: number | null; readonly plainPort: number | null };
}

export interface SystemRouteOptions {
  readonly status: () => SystemStatus | Promise<SystemStatus>;
  /** What has happened lately on this node. */
  readonly activity: (tenant: string) => Activity;
  readonly deviceIndex: DeviceIndex;
  /** Absent while Kafka is off. */
  readonly verifyRelay?: (() => Promise<RelayVerification>) | undefined;
}

/** `/system/…`. */
export function systemHandlers({ status, activity, deviceIndex, verifyRelay }: SystemRouteOptions): Handlers {
  let running: Promise<RelayVerification> | undefined;
  return {
    async getSystemStatus(call) {
      sendJson(call, 200, await status());
    },
    async getSystemActivity(call) {
      const { tenant } = call.access;
      const { rejections, disconnections, ...figures } = activity(tenant);
      sendJson(call, 200, {
        ...figures,
        devices: await deviceIndex.count(tenant),
        rejections: rejections.map(withTimes),
        disconnections: disconnections.map(withTimes),
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

function withTimes(entry: { readonly firstAt: number; readonly lastAt: number }): object {
  return { ...entry, firstAt: formatRfc3339(entry.firstAt), lastAt: formatRfc3339(entry.lastAt) };
}
