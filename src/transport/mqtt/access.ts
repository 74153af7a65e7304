import { isIdentifier } from '../../actors/kernel/identifier.js';
import { deviceTopicPrefix, isWellFormedFilter, isWellFormedTopic, parseUplinkTopic } from './topics.js';

/** The device behind a connection, as its credential names it. */
export interface Peer {
  readonly tenant: string;
  readonly device: string;
}

/** `receive` is asked for each message that is about to be delivered: what a session once subscribed proves nothing (A2). */
export type Action = 'publish' | 'subscribe' | 'receive';

/**
 * The access rule, asked at connect (will), subscribe, publish and each delivery. Topics are those of the wire: the tenant
 * stands in front of them inside the broker only, where `externalTopic` drops what belongs to another tenant.
 *
 * A device publishes its telemetry and its events, and may subscribe whatever lies below `devices/{own}/`: whole levels, `+`,
 * and `#` at the end. Levels are identifiers, so that nothing which looks like another topic gets in.
 */
export function may(peer: Peer, action: Action, topicOrFilter: string): boolean {
  switch (action) {
    case 'publish':
      return parseUplinkTopic(topicOrFilter)?.device === peer.device && isWellFormedTopic(topicOrFilter);
    case 'subscribe':
      return isWellFormedFilter(topicOrFilter) && isOwnSubtree(peer, topicOrFilter, isSubscribableLevel);
    case 'receive':
      return isWellFormedTopic(topicOrFilter) && isOwnSubtree(peer, topicOrFilter, isIdentifier);
  }
}

function isOwnSubtree(peer: Peer, name: string, isAllowedLevel: (level: string) => boolean): boolean {
  const prefix = deviceTopicPrefix(peer.device);
  return name.startsWith(prefix) && name.slice(prefix.length).split('/').every(isAllowedLevel);
}

function isSubscribableLevel(level: string): boolean {
  return level === '+' || level === '#' || isIdentifier(level);
}
