import type { DeviceIndex, RelayVerification, SubscriptionStatus } from '../../actors/kernel/ports.js';
import type { QuarantinedStream } from '../../actors/kernel/quarantine.js';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Activity } from '../activity.js';
import { sendJson, type Handlers } from '../call.js';
import { formatRfc3339 } from '../rfc3339.js';

/** How far the journal and its readers are (`/system/status`). */
export interface SystemStatus {
  readonly version: string;
  readonly shards: readonly {
    readonly shard: number;
    readonly head: number;
    readonly relayed: number;
    readonly lagEvents: number;
    readonly lagSeconds: number;
  }[];
  readonly relay: { readonly state: SubscriptionStatus['state']; readonly reason?: string };
  readonly subscriptions: readonly SubscriptionStatus[];
  /** Streams that do not verify: each is refused, all others go on. */
  readonly quarantined: readonly QuarantinedStream[];
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
