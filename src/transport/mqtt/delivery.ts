import { may } from './access.js';
import type { OutboundPacket } from './aedes-internals.js';
import { closeConnection, type Connection } from './connection.js';
import type { MqttLimits } from './limits.js';
import { matchesFilter } from './topic-filter.js';
import { externalTopic } from './topics.js';

/**
 * Whether a device may have this filter (in its internal form). Remembers what was granted: aedes stores all filters of a
 * packet once one of them passes, so that the session store asks again (A2).
 */
export function grantFilter(connection: Connection, filter: string, limits: MqttLimits): boolean {
  const { session } = connection;
  if (!session) return false;
  const external = externalTopic(session.peer.tenant, filter);
  if (external === undefined || !may(session.peer, 'subscribe', external)) return false;
  if (!session.granted.has(filter) && session.granted.size >= limits.subscriptionsPerSession) return false;
  session.granted.add(filter);
  return true;
}

/**
 * What finally goes to a device: asked for each message, live, queued or retained, with the tenant and the device of the
 * connection (A2, SEC-41). `null` = it does not get it. Never throws and never waits.
 */
export function toDeliver(connection: Connection, packet: OutboundPacket, limits: MqttLimits): OutboundPacket | null {
  const { session, socket } = connection;
  if (!session || connection.ended) return null;
  const topic = externalTopic(session.peer.tenant, packet.topic);
  if (topic === undefined || !may(session.peer, 'receive', topic)) return null;
  if (socket.writableLength > limits.unsentBytes) {
    closeConnection(connection, 'SLOW_CONSUMER');
    return null;
  }
  const qos = grantedQos(connection, packet);
  // Packets of the offline queue are sent as they are, live ones are shared with other receivers.
  if (packet.writeCallback === undefined) return { ...packet, topic, qos };
  packet.topic = topic;
  packet.qos = qos;
  return packet;
}

/** aedes looks the granted QoS up by the topic, which finds neither wildcards nor, with the tenant cut off, anything else. */
function grantedQos(connection: Connection, packet: OutboundPacket): 0 | 1 | 2 {
  if (packet.qos < 2) return packet.qos;
  for (const [filter, subscription] of Object.entries(connection.client.subscriptions)) {
    if (subscription?.qos === 2 && matchesFilter(filter, packet.topic)) return 2;
  }
  return 1;
}
