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
  /** The topic that was published on last, as on the wire, and its route: most devices have just one. */
  private latest: { readonly bytes: Buffer; readonly route: Route } | undefined;

  constructor(private readonly peer: Peer) {}

  /**
   * As `of`, for the bytes of a topic from `start` to `end`. Names that may be published on are ASCII: another one, read as Latin-1,
   * is none of them.
   */
  ofBytes(bytes: Buffer, start: number, end: number): Route | undefined {
    const { latest } = this;
    if (latest !== undefined && hasAt(bytes, start, end, latest.bytes)) return latest.route;
    const route = this.of(bytes.toString('latin1', start, end));
    if (route !== undefined) this.latest = { bytes: Buffer.from(bytes.subarray(start, end)), route };
    return route;
  }

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

/** Whether `bytes` hold `part` from `start` to `end`. A loop, because a call of Node's own costs more than thirty bytes do. */
function hasAt(bytes: Buffer, start: number, end: number, part: Buffer): boolean {
  if (end - start !== part.length) return false;
  for (let at = 0; at < part.length; at += 1) if (bytes[start + at] !== part[at]) return false;
  return true;
}
