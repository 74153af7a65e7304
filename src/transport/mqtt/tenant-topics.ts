import type { Connection } from './connection.js';
import type { InboundPacket, Will } from './aedes-internals.js';
import { internalTopic, isWellFormedFilter, isWellFormedTopic } from './topics.js';

/** A topic that no filter of a device can match: what is sent here reaches nobody. */
export const NOWHERE = '$fleetlog/nowhere';
/** Stands for a filter that is refused whatever it says; aedes would close the connection for its grammar alone (A18). */
const REFUSED_FILTER = '$fleetlog/refused/';

/**
 * Puts the tenant before each topic and filter as it leaves the parser, before aedes sees it (SEC-134). A PUBLISH on an
 * ill-formed topic goes on as one to nowhere, so that the gate can acknowledge and record the refusal; wildcards in it are a
 * protocol error that aedes closes for. Filters beyond the bound of one SUBSCRIBE become refused ones.
 */
export function prefixTopics(
  connection: Connection,
  tenant: string,
  packet: InboundPacket,
  filtersPerSubscribe: number,
): void {
  if (packet.cmd === 'publish') {
    packet.wireTopic = packet.topic;
    if (isWellFormedTopic(packet.topic)) packet.topic = internalTopic(tenant, packet.topic);
    else if (packet.topic !== '' && !/[+#]/.test(packet.topic)) packet.topic = NOWHERE;
  } else if (packet.cmd === 'subscribe') {
    for (const [index, subscription] of packet.subscriptions.entries()) {
      subscription.topic =
        index < filtersPerSubscribe ? internalFilter(tenant, subscription.topic, index) : `${REFUSED_FILTER}${index}`;
    }
  } else if (packet.cmd === 'unsubscribe') {
    packet.unsubscriptions = packet.unsubscriptions.map((filter, index) => internalFilter(tenant, filter, index));
    for (const filter of packet.unsubscriptions) connection.session?.granted.delete(filter);
  }
}

/** As `prefixTopics`, for the will of a CONNECT, whose topic is already known to be allowed. Never retained (SEC-43). */
export function prefixWill(tenant: string, will: Will): void {
  will.wireTopic = will.topic;
  will.topic = internalTopic(tenant, will.topic);
  will.retain = false;
}

function internalFilter(tenant: string, filter: string, index: number): string {
  return isWellFormedFilter(filter) ? internalTopic(tenant, filter) : `${REFUSED_FILTER}${index}`;
}
