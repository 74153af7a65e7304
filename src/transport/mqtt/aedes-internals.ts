import type { Duplex, Readable } from 'node:stream';
import type { Aedes, Client, Subscription } from 'aedes';
import memoryPersistence from 'aedes-persistence';
import type { IConnectPacket, IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet } from 'mqtt-packet';

/**
 * What Fleetlog uses of aedes 1.2.0 and mqtt-packet 9.0.2 beyond their typings. The pins are exact: raising one means
 * reading `lib/client.js`, `lib/handlers/*.js` and `parser.js` again and running the tests A1 to A19.
 */
export interface BrokerClient {
  /** Null until `preConnect` has passed. */
  id: string | null;
  readonly clean: boolean;
  readonly conn: Duplex;
  readonly closed: boolean;
  readonly connackSent: boolean;
  /** Set once `authenticate` has passed. */
  readonly _authorized: boolean;
  /** A DISCONNECT packet came. */
  readonly _disconnected: boolean;
  readonly _parser: PacketParser;
  /** aedes refreshes it with each packet and clears it at the end. */
  _keepaliveTimer: NodeJS.Timeout | null;
  /** Of that timer, ms. */
  readonly _keepaliveInterval: number;
  /** Called back when the socket has taken what was written; one that does not take it within `drainTimeout` is destroyed. */
  waitForDrain(callback: () => void): void;
  readonly subscriptions: Readonly<Record<string, { readonly qos: number } | undefined>>;
  /** `dedupe` looks here for the last counter of a broker (A1). */
  duplicates: Record<string, number>;
  /** Packets of the last chunk that are under way; 0 or less when none is. */
  readonly _parsingBatch: number;
  /** Reads the socket on when no packet of the last chunk is under way. */
  _nextBatch(error?: Error): void;
  close(done?: () => void): void;
  once(event: 'connected', listener: () => void): unknown;
  emit(event: 'error', error: Error): boolean;
}

/** The parser between socket and client. Its `_parse…` methods are looked up on the instance, so they may be wrapped. */
export interface PacketParser {
  packet: InboundPacket & { length: number };
  error: Error | null;
  /** Offset behind the last field read, from the first byte after the fixed header. */
  _pos: number;
  /** Bytes of the packet that is being parsed. */
  readonly _list: { readUInt8(offset: number): number; readonly length: number };
  /** Packets that came before CONNACK, in order. */
  readonly _queue: InboundPacket[] | null;
  /** Index of the step within a packet, 0 between two packets. */
  readonly _stateCounter: number;
  /** Answers how many bytes are left over. */
  parse(chunk: Buffer): number;
  _parseLength(): boolean;
  _parsePayload(): boolean;
  _parseString(): string | null;
  _emitError(error: Error): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  prependListener(event: 'packet', listener: (packet: InboundPacket) => void): unknown;
  prependListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** A PUBLISH from a device, or its will; `topic` becomes the internal one, `wireTopic` stays what the device wrote. */
export type InboundPublish = IPublishPacket & { wireTopic?: string };
export type Will = NonNullable<IConnectPacket['will']> & { wireTopic?: string };
export type InboundPacket =
  | InboundPublish
  | ISubscribePacket
  | IUnsubscribePacket
  | IConnectPacket
  | Exclude<Packet, IPublishPacket | ISubscribePacket | IUnsubscribePacket | IConnectPacket>;

/** A message on its way to a client, live or from the offline queue. */
export interface OutboundPacket {
  topic: string;
  qos: 0 | 1 | 2;
  payload: Buffer;
  retain: boolean;
  cmd: string;
  brokerId?: string;
  brokerCounter?: number;
  messageId?: number | undefined;
  clientId?: string;
  /** Present on packets of the offline queue, which are sent as they are (aedes takes no copy of them). */
  writeCallback?: unknown;
}

/**
 * What Fleetlog uses of `aedes-persistence` 11.0.0 in memory: without a callback, which its typings ask for, its methods
 * answer promises.
 */
export interface MemoryStore {
  setup(broker: unknown): Promise<void>;
  addSubscriptions(client: Receiver, subscriptions: readonly Subscription[]): Promise<void>;
  removeSubscriptions(client: Receiver, filters: readonly string[]): Promise<void>;
  cleanSubscriptions(client: Receiver): Promise<void>;
  subscriptionsByClient(client: Receiver): Promise<readonly Subscription[]>;
  subscriptionsByTopic(topic: string): Promise<readonly { readonly clientId: string; readonly topic: string }[]>;
  storeRetained(packet: OutboundPacket): Promise<void>;
  createRetainedStreamCombi(filters: readonly string[]): Readable;
  putWill(client: Receiver, will: Will): Promise<void>;
  delWill(client: Receiver): Promise<Will | undefined>;
  streamWill(brokers: object): Readable;
}

/** Whoever a session belongs to: a client, or just its id. */
export interface Receiver {
  readonly id: string;
}

export function createMemoryStore(): MemoryStore {
  // Its typings describe a default export; what `import` gives is the CommonJS module, which is the function itself.
  return (memoryPersistence as unknown as () => MemoryStore)();
}

/** The one cast from aedes' public type to what it is. */
export function internalsOf(client: Client): BrokerClient {
  return client as unknown as BrokerClient;
}

/**
 * Watches the fan-out of live messages.
 * @param changed called after each change, so that what was known of a topic is void
 * @returns whether a connected client has a filter that matches the topic
 */
export function watchSubscribers(broker: Aedes, changed: () => void): (topic: string) => boolean {
  const { mq } = broker as unknown as {
    mq: {
      on(...args: readonly unknown[]): unknown;
      removeListener(...args: readonly unknown[]): unknown;
      readonly _matcher: { match(topic: string): readonly unknown[] };
    };
  };
  const on = mq.on.bind(mq);
  const removeListener = mq.removeListener.bind(mq);
  mq.on = (...args) => {
    const result = on(...args);
    changed();
    return result;
  };
  mq.removeListener = (...args) => {
    const result = removeListener(...args);
    // It removes in the next turn (`mqemitter.js`).
    setImmediate(changed);
    return result;
  };
  return (topic) => mq._matcher.match(topic).length > 0;
}
