import type { Aedes, Client } from 'aedes';
import type { StallWatch } from '../../actors/kernel/stall-watch.js';
import { internalsOf, type BrokerClient } from './aedes-internals.js';
import { closeConnection, type Connection, type ListenerName } from './connection.js';
import { plainAddress } from './credential.js';
import type { MqttLimits } from './limits.js';
import type { Arrival } from './listeners.js';
import { guardParser } from './packet-guard.js';
import type { ReadTurns } from './read-turns.js';
import { createReadValve } from './read-valve.js';
import { prefixTopics } from './tenant-topics.js';

/** All connections of this node, from the moment aedes has their socket. */
export interface Connections {
  accept(broker: Aedes, listener: ListenerName, arrival: Arrival): void;
  of(client: Client): Connection | undefined;
  readonly all: ReadonlySet<Connection>;
}

/**
 * `dedupe` of aedes takes whatever has an older counter for a repeat, and loses messages at QoS 1 whose look-up took longer (A1,
 * moscajs/aedes#994). With this table it finds none; overlapping filters may deliver twice.
 */
const BLIND: Record<string, number> = new Proxy({}, { get: () => 0, set: () => true, deleteProperty: () => true });

export interface ConnectionsOptions {
  readonly limits: MqttLimits;
  readonly turns: ReadTurns;
  readonly stalls: Pick<StallWatch, 'hasStalled'>;
  /** Told of each connection before anything is read from it. */
  readonly onAccepted: (connection: Connection) => void;
  /** Called once per connection, when its socket is closed and its will has been sent. */
  readonly onEnded: (connection: Connection) => void;
}

export function createConnections({ limits, turns, stalls, onAccepted, onEnded }: ConnectionsOptions): Connections {
  const all = new Set<Connection>();
  const byClient = new WeakMap<object, Connection>();

  return {
    accept(broker, listener, { stream, socket, identity }) {
      const client = internalsOf(broker.handle(stream));
      client.duplicates = BLIND;
      const connection: Connection = {
        client,
        socket: stream,
        listener,
        address: plainAddress(socket),
        identity,
        valve: createReadValve(stream, turns, () => client._nextBatch()),
        tenant: undefined,
        session: undefined,
        closeReason: undefined,
        ended: false,
      };
      all.add(connection);
      byClient.set(client, connection);
      guardParser(client, limits, (reason) => (connection.closeReason ??= reason));
      client._parser.prependListener('packet', (packet) => {
        if (connection.tenant === undefined || packet.cmd === 'connect') return;
        prefixTopics(connection, connection.tenant, packet, limits.filtersPerSubscribe);
      });

      onAccepted(connection);

      // aedes stops its own timer at CONNECT, before anything was decided (A11).
      const deadline = setTimeout(() => closeConnection(connection, 'PROTOCOL_ERROR'), limits.connectMs);
      client.once('connected', () => {
        clearTimeout(deadline);
        keepAlive(client, stalls);
        connection.valve.open('admission');
      });
      stream.once('close', () => {
        clearTimeout(deadline);
        // `client.close` has taken its unsubscriptions to the next turn and sends the will behind them.
        setImmediate(() => {
          connection.ended = true;
          all.delete(connection);
          onEnded(connection);
        });
      });
    },
    of: (client) => byClient.get(client),
    all,
  };
}

/**
 * Puts a timer of ours in the place of aedes', which refreshes and clears it: after a stall of the process nobody is silent
 * before what came meanwhile is read.
 */
function keepAlive(client: BrokerClient, stalls: Pick<StallWatch, 'hasStalled'>): void {
  if (client._keepaliveTimer === null) return;
  clearTimeout(client._keepaliveTimer);
  client._keepaliveTimer = setTimeout(() => {
    if (stalls.hasStalled()) client._keepaliveTimer?.refresh();
    else client.emit('error', new Error('keep alive timeout'));
  }, client._keepaliveInterval);
}
