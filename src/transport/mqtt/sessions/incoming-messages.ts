import type { DeviceCommand } from '../../../actors/device/commands.js';
import type { DeviceState } from '../../../actors/device/state.js';
import type { EntityDirectory } from '../../../actors/kernel/ports/entities.js';
import type { Clock } from '../../../actors/kernel/ports/surroundings.js';
import type { InboundPublish } from '../aedes-internals.js';
import type { CommitGate } from '../commit-gate.js';
import { closeConnection, type Connection } from '../connection.js';
import type { LiveConnections } from '../live-connections.js';
import { inboundMessage } from '../publish-intake.js';
import { NOWHERE } from '../tenant-topics.js';

const RETRY_MS = 200;

export interface IncomingMessagesOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly gate: CommitGate;
  readonly live: LiveConnections;
  readonly clock: Clock;
  /** How long Postgres may be away before the socket is closed. */
  readonly holdMs: number;
}

/** QoS 2 from a device: each message id is journaled once between its PUBLISH and its PUBREL, whatever is repeated. */
export interface IncomingMessages {
  /** Journals the message together with its id; resolves when PUBREC may go out. */
  store(connection: Connection, packet: InboundPublish): Promise<void>;
  isOpen(connection: Connection, messageId: number): Promise<boolean>;
  /** Resolves when Postgres has forgotten the id and PUBCOMP may go out (A19). */
  release(connection: Connection, messageId: number): Promise<void>;
  /** A clean session ends or begins: its ids are void. */
  clean(connection: Connection): Promise<void>;
}

export function createIncomingMessages(options: IncomingMessagesOptions): IncomingMessages {
  const { devices, gate, live, clock, holdMs } = options;
  /** Connections that began clean and have stored nothing since: their end has nothing to forget (bench `reconnect`). */
  const unused = new WeakSet<Connection>();

  /** Repeats an idempotent wish until Postgres answers; a device is never told something that is not so. */
  async function insist<T>(connection: Connection, wish: (stream: string) => Promise<T>): Promise<T> {
    const { session } = connection;
    if (!session) throw new Error('the connection was not admitted');
    const startedAt = clock.monotonic();
    for (;;) {
      try {
        return await wish(session.stream);
      } catch (error) {
        if (connection.ended || clock.monotonic() - startedAt > holdMs) {
          closeConnection(connection, 'JOURNAL_STALLED');
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  return {
    store: (connection, packet) =>
      new Promise((resolve) => {
        const { session } = connection;
        if (!session) throw new Error('the connection was not admitted');
        unused.delete(connection);
        gate.take(connection, inboundMessage(session, packet), (isForwarded) => {
          if (!isForwarded) packet.topic = NOWHERE;
          resolve();
        });
      }),
    isOpen: (connection, messageId) => insist(connection, (stream) => devices.hasIncoming(stream, messageId)),
    release: (connection, messageId) => insist(connection, (stream) => devices.releaseIncoming(stream, [messageId])),
    async clean(connection) {
      const { session } = connection;
      if (!session || unused.has(connection)) return;
      // A connection that was taken over must not void the ids of the one that took over.
      const newest = live.newest(session.peer);
      if (newest && newest.connection !== connection) return;
      await insist(connection, (stream) => devices.releaseIncoming(stream));
      unused.add(connection);
    },
  };
}
