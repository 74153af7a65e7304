import type { Peer } from './access.js';
import { clientIdOf, type Connection } from './connection.js';

/** How an admission in progress or a live connection hears what the journal says about its credential. */
export interface Attendance {
  readonly connection: Connection;
  readonly peer: Peer;
  /** Fingerprint, or `undefined` while the id of a token is not known yet. */
  credential: string | undefined;
  /** 0 while the device's actor has not decided. */
  sessionEpoch: number;
  /** Sequence in the device's stream that the connection was decided at: what stands before it is in the decision already. */
  sequence: number;
}

/**
 * Own map from a device to its connections. `broker.clients` won't do: a CONNECT that dies while it is admitted removes the
 * live client from it (A10), and an event about a device may come between the actor's decision and aedes' registration.
 */
export interface LiveConnections {
  /** From the moment a CONNECT names a device. */
  attend(attendance: Attendance): void;
  leave(connection: Connection): void;
  of(peer: Peer): readonly Attendance[];
  /** The connection with the highest session epoch. */
  newest(peer: Peer): Attendance | undefined;
}

export function createLiveConnections(): LiveConnections {
  const byDevice = new Map<string, Attendance[]>();
  const keys = new Map<Connection, string>();
  const of = (peer: Peer): readonly Attendance[] => byDevice.get(clientIdOf(peer)) ?? [];
  return {
    attend(attendance) {
      const key = clientIdOf(attendance.peer);
      keys.set(attendance.connection, key);
      byDevice.set(key, [...of(attendance.peer), attendance]);
    },
    leave(connection) {
      const key = keys.get(connection);
      if (key === undefined) return;
      keys.delete(connection);
      const others = (byDevice.get(key) ?? []).filter((attendance) => attendance.connection !== connection);
      if (others.length === 0) byDevice.delete(key);
      else byDevice.set(key, others);
    },
    of,
    newest: (peer) =>
      of(peer).reduce<Attendance | undefined>(
        (best, one) => (one.sessionEpoch > (best?.sessionEpoch ?? 0) ? one : best),
        undefined,
      ),
  };
}
