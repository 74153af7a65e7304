import type { AedesOptions, Client } from 'aedes';
import type { DisconnectReason } from '../../actors/device/events.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import type { Admission } from './admission.js';
import type { InboundPublish, OutboundPacket } from './aedes-internals.js';
import type { CommitGate } from './commit-gate.js';
import { closeConnection, type Connection } from './connection.js';
import { grantFilter, toDeliver } from './delivery.js';
import type { MqttLimits } from './limits.js';
import type { MqttMetrics } from './metrics.js';
import { inboundMessage } from './publish-intake.js';
import { NOWHERE } from './tenant-topics.js';

type Hooks = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>;

export interface BrokerHooksOptions {
  readonly admission: Admission;
  readonly gate: CommitGate;
  readonly connectionOf: (client: Client) => Connection | undefined;
  readonly limits: MqttLimits;
  readonly metrics: MqttMetrics;
  readonly logger: Logger;
}

/**
 * What aedes asks. A throw in a hook would end the process (A12, SEC-56): each catches everything and ends its own connection.
 */
export function createBrokerHooks(options: BrokerHooksOptions): Hooks {
  const { admission, gate, connectionOf, limits, metrics, logger } = options;

  function failed(client: Client | null, error: unknown): void {
    logger.error({ err: error }, 'A hook of the broker failed; its connection is closed');
    const connection = client && connectionOf(client);
    if (connection) closeConnection(connection, 'PROTOCOL_ERROR');
  }

  return {
    preConnect(client, packet, callback) {
      const connection = connectionOf(client);
      if (!connection) {
        callback(new Error('a client without a connection'), false);
        return;
      }
      connection.valve.close('admission');
      admission
        .admit(connection, packet)
        .then((refusal) => callback(refusal ?? null, refusal === undefined))
        .catch((error: unknown) => failed(client, error));
    },

    /** All was decided in `preConnect`. */
    authenticate(client, _username, _password, done) {
      done(null, connectionOf(client)?.session !== undefined);
    },

    authorizePublish(client, packet: InboundPublish, done) {
      try {
        const connection = client && connectionOf(client);
        // aedes' sweeper asks with null for wills of dead brokers; nobody answers for those.
        if (!connection?.session) {
          done(new Error('no session may publish this'));
          return;
        }
        packet.retain = false;
        // QoS 2 is journaled by the session store: this hook runs again for each repetition. A will has no packet id.
        if (packet.qos === 2 && packet.messageId !== undefined) done(null);
        else {
          gate.take(connection, inboundMessage(connection.session, packet), (isForwarded) => {
            if (!isForwarded) packet.topic = NOWHERE;
            done(null);
          });
        }
      } catch (error) {
        failed(client, error);
      }
    },

    /** Never an error: on restore it would lock the session out for ever (A3). */
    authorizeSubscribe(client, subscription, callback) {
      let isGranted = false;
      try {
        const connection = connectionOf(client);
        isGranted = connection !== undefined && grantFilter(connection, subscription.topic, limits);
      } catch (error) {
        failed(client, error);
      }
      if (!isGranted) metrics.refused.inc(1, { reason: 'FILTER_FORBIDDEN' });
      callback(null, isGranted ? subscription : null);
    },

    authorizeForward(client, packet) {
      try {
        const connection = connectionOf(client);
        if (!connection) return null;
        // aedes' type promises members that neither it nor its packets have.
        return toDeliver(connection, packet as OutboundPacket, limits) as typeof packet | null;
      } catch (error) {
        failed(client, error);
        return null;
      }
    },
  };
}

/** Why aedes gave a client up, from the error that it reports. */
export function reasonOfError(error: Error & { readonly code?: unknown }): DisconnectReason {
  if (error.message === 'drain timeout') return 'SLOW_CONSUMER';
  if (error.message === 'keep alive timeout') return 'KEEP_ALIVE_TIMEOUT';
  return typeof error.code === 'string' ? 'CONNECTION_LOST' : 'PROTOCOL_ERROR';
}
