import { may, type Peer } from './access.js';
import { internalTopic, parseUplinkTopic, type UplinkTopic } from './topics.js';

/** A topic that a device may publish on, and what was found out about it. */
export interface Route {
  /** As on the wire. */
  readonly topic: string;
  /** As the broker's stores hold it. */
  readonly internalTopic: string;
  readonly uplink: UplinkTopic;
  /** Whether anybody may hear it, as of a version of all subscriptions (`audience.ts`). */
  heard: boolean;
  heardAsOf: number;
}

/** Topics that one connection publishes on. A device has few; one that makes up names is looked at each time. */
const MOST_ROUTES = 16;

/**
 * The routes of one connection: the access rule and the grammar are asked once per topic and not once per message (bench
 * `ingest`). They depend on the topic and on the device alone, so that a verdict holds as long as the connection.
 */
export class Routes {
  /** Made by the first one: most connections are idle (bench `memory`). */
  private byTopic: Map<string, Route> | undefined;

  constructor(private readonly peer: Peer) {}

  /** @returns `undefined` when the device may not publish there */
  of(topic: string): Route | undefined {
    const known = this.byTopic?.get(topic);
    if (known !== undefined) return known;
    const uplink = may(this.peer, 'publish', topic) ? parseUplinkTopic(topic) : undefined;
    if (uplink === undefined) return undefined;
    const route: Route = {
      topic,
      internalTopic: internalTopic(this.peer.tenant, topic),
      uplink,
      heard: true,
      heardAsOf: -1,
    };
    this.byTopic ??= new Map();
    if (this.byTopic.size < MOST_ROUTES) this.byTopic.set(topic, route);
    return route;
  }
}
