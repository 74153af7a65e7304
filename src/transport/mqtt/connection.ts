import type { Duplex } from 'node:stream';
import type { DisconnectReason } from '../../actors/device/events.js';
import type { Origin } from '../../actors/kernel/ports/entities.js';
import type { PeerIdentity } from '../pki/identity.js';
import type { Peer } from './access.js';
import type { BrokerClient } from './aedes-internals.js';
import type { ReadValve } from './read-valve.js';
import type { Routes } from './routes.js';

export type ListenerName = 'mqtts' | 'mqtt' | 'wss';

/** A device's session on a connection: who it is, by which credential, under which epoch. */
export interface DeviceSession {
  readonly peer: Peer;
  /** Stream of the device. */
  readonly stream: string;
  /** Constant for the whole connection, so that its bytes are made once. */
  readonly origin: Origin;
  readonly sessionEpoch: number;
  /** End of the credential, ms since 1970. */
  readonly expiresAt: number | undefined;
  /** Where it may publish. */
  readonly routes: Routes;
  /** Filters that were granted to this connection, in their internal form. */
  readonly granted: Set<string>;
}

/** A socket with a client of aedes on it, from accept to its end. */
export interface Connection {
  readonly client: BrokerClient;
  readonly socket: Duplex;
  readonly listener: ListenerName;
  /** Remote address without the port. */
  readonly address: string;
  /** Who the verified client certificate names. */
  readonly identity: PeerIdentity | undefined;
  readonly valve: ReadValve;
  /** Known as soon as the credential names a tenant: from then on topics carry it. */
  tenant: string | undefined;
  /** Set when the device's actor has accepted the connection. */
  session: DeviceSession | undefined;
  /** The first reason wins. */
  closeReason: DisconnectReason | undefined;
  /** The socket is closed and aedes has finished with the client, its will included. */
  ended: boolean;
}

/** Ends a connection; its will is sent, nothing is acknowledged any more. */
export function closeConnection(connection: Connection, reason: DisconnectReason): void {
  connection.closeReason ??= reason;
  connection.client.close();
  connection.socket.destroy();
}

/** Stream key of a device (`device/<tenant>/<id>`, as `actors/device/events.ts` has it: adapters import its types only). */
export function streamOfDevice({ tenant, device }: Peer): string {
  return `device/${tenant}/${device}`;
}

/** The broker's own client id: session, queue and subscriptions hang on it, never on what the wire says (SEC-04). */
export function clientIdOf({ tenant, device }: Peer): string {
  return `${tenant}/${device}`;
}
