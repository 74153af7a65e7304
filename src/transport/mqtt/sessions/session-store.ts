import type { Readable } from 'node:stream';
import type { Client, Subscription } from 'aedes';
import type { Clock } from '../../../actors/kernel/ports/surroundings.js';
import {
  createMemoryStore,
  internalsOf,
  type InboundPublish,
  type OutboundPacket,
  type Receiver,
  type Will,
} from '../aedes-internals.js';
import type { Connection } from '../connection.js';
import type { IncomingMessages } from './incoming-messages.js';
import { createOutgoingQueues, type QueueLimits } from './outgoing-queues.js';

export interface SessionStoreOptions {
  readonly limits: QueueLimits & { readonly sessionMs: number };
  readonly clock: Clock;
  readonly incoming: IncomingMessages;
  readonly connectionOf: (client: Client) => Connection | undefined;
  /** Whether a client with this id is connected. */
  readonly isLive: (clientId: string) => boolean;
  /** A message for a sleeping session was dropped for a bound of its queue. */
  readonly onDrop: (clientId: string) => void;
  /** Called after each change of stored subscriptions. */
  readonly onSubscriptionsChanged: () => void;
}

const SWEEP_MS = 60_000;

/**
 * aedes' persistence. Subscriptions and wills are kept in memory by `aedes-persistence`, queues with our bounds, ids of QoS 2 in
 * the journal's database. The names of the methods are aedes' own, and `setup` is written `async` because `aedes.js` looks at
 * its constructor.
 */
export function createSessionStore(options: SessionStoreOptions) {
  const { limits, clock, incoming } = options;
  const memory = createMemoryStore();
  const queues = createOutgoingQueues(limits, clock, options.onDrop);
  const lastSeen = new Map<string, number>();

  const connectionOf = (client: Client): Connection => {
    const connection = options.connectionOf(client);
    if (!connection) throw new Error('the client has no connection');
    return connection;
  };
  const sweeper = setInterval(() => {
    for (const [id, at] of lastSeen) {
      if (options.isLive(id)) lastSeen.set(id, clock.monotonic());
      else if (clock.monotonic() - at > limits.sessionMs) void removeSession(id);
    }
  }, SWEEP_MS).unref();

  async function removeSession(id: string): Promise<void> {
    lastSeen.delete(id);
    queues.forget(id);
    await memory.cleanSubscriptions({ id });
    options.onSubscriptionsChanged();
  }

  return {
    async setup(broker: unknown): Promise<void> {
      await memory.setup(broker);
    },

    /** aedes passes all filters of a packet once one of them is allowed; those that were not granted are left out (A2). */
    async addSubscriptions(client: Client, subscriptions: Subscription[]): Promise<void> {
      const granted = connectionOf(client).session?.granted;
      lastSeen.set(client.id, clock.monotonic());
      await memory.addSubscriptions(
        client,
        subscriptions.filter(({ topic }) => granted?.has(topic)),
      );
      options.onSubscriptionsChanged();
    },
    async removeSubscriptions(client: Receiver, filters: string[]): Promise<void> {
      await memory.removeSubscriptions(client, filters);
      options.onSubscriptionsChanged();
    },
    subscriptionsByClient: (client: Receiver) => memory.subscriptionsByClient(client),
    subscriptionsByTopic: (topic: string) => memory.subscriptionsByTopic(topic),
    cleanSubscriptions: (client: Receiver) => removeSession(client.id),

    // The hooks clear the retain flag of every message, so there is nothing here to store and nothing to serve.
    storeRetained: (packet: OutboundPacket) => memory.storeRetained(packet),
    createRetainedStreamCombi: (filters: string[]): Readable => memory.createRetainedStreamCombi(filters),

    async outgoingEnqueue({ clientId }: { readonly clientId: string }, packet: OutboundPacket): Promise<void> {
      queues.enqueue(clientId, packet);
      return Promise.resolve();
    },
    async outgoingEnqueueCombi(
      receivers: readonly { readonly clientId: string }[],
      packet: OutboundPacket,
    ): Promise<void> {
      for (const { clientId } of receivers) queues.enqueue(clientId, packet);
      return Promise.resolve();
    },
    /** What a bound dropped meanwhile is still sent: it only can't be repeated. */
    async outgoingUpdate(client: Receiver, packet: OutboundPacket): Promise<void> {
      queues.update(client.id, packet);
      return Promise.resolve();
    },
    outgoingClearMessageId: (client: Receiver, packet: OutboundPacket) =>
      Promise.resolve(queues.clear(client.id, packet)),
    outgoingStream: (client: Receiver): Readable => queues.stream(client.id),

    incomingStorePacket: async (client: Client, packet: InboundPublish): Promise<void> => {
      await incoming.store(connectionOf(client), packet);
    },
    /**
     * Before a PUBLISH: always "not there", so that packets of one chunk reach the actor in their order; it knows the open ids
     * and is the arbiter. Before a PUBREL: whether there is an id to release.
     */
    async incomingGetPacket(
      client: Client,
      packet: { readonly cmd: string; readonly messageId: number },
    ): Promise<object> {
      if (packet.cmd === 'publish' || !(await incoming.isOpen(connectionOf(client), packet.messageId))) {
        throw new Error('no such packet');
      }
      return packet;
    },
    incomingDelPacket: async (client: Client, packet: { readonly messageId: number }): Promise<void> => {
      await incoming.release(connectionOf(client), packet.messageId);
    },
    /** aedes asks this for refused clients too, with the id that they only claimed (A9). */
    async cleanIncoming(client: Client): Promise<void> {
      if (internalsOf(client)._authorized) await incoming.clean(connectionOf(client));
    },

    putWill: (client: Receiver, will: Will) => memory.putWill(client, will),
    delWill: (client: Receiver) => memory.delWill(client),
    /** Wills of other brokers that have died; their devices' actors know better (SEC-42). */
    streamWill: (): Readable => memory.streamWill(ALL_BROKERS_LIVE),

    /** Messages and bytes that wait for a session. */
    queueOf: (clientId: string) => queues.sizeOf(clientId),
    close(): void {
      clearInterval(sweeper);
    },
  };
}

/** To `streamWill`, every broker has sent a heartbeat: memory holds this node's wills alone, which its own sockets send. */
const ALL_BROKERS_LIVE = new Proxy({}, { get: () => 1 });
