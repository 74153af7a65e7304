import type { RelayVerification, SubscriptionStatus } from '../../actors/kernel/ports.js';
import { FleetlogError } from '../../actors/kernel/errors.js';
import { sendJson, type Handlers } from '../call.js';

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
}

export interface SystemRouteOptions {
  readonly status: () => SystemStatus | Promise<SystemStatus>;
  /** Absent while Kafka is off. */
  readonly verifyRelay?: (() => Promise<RelayVerification>) | undefined;
}

/** `/system/…`. */
export function systemHandlers({ status, verifyRelay }: SystemRouteOptions): Handlers {
  let running: Promise<RelayVerification> | undefined;
  return {
    async getSystemStatus(call) {
      sendJson(call, 200, await status());
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
