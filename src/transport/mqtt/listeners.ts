import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { constants } from 'node:crypto';
import type { ListenerName } from './connection.js';
import type { PeerIdentity } from '../pki/identity.js';
import { examineHandshake, verifiedIdentity } from './credential.js';
import { createHandshakeQueue } from './handshake-queue.js';
import type { MqttLimits } from './limits.js';
import type { ConnectRefusal } from './refused-connects.js';
import { createWebSocketEndpoint } from './websocket-endpoint.js';

/** Where a listener binds; port 0 = any free one. */
export interface ListenerAddress {
  readonly host?: string;
  readonly port: number;
}

/** PEM texts. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** What all listeners of a node share. */
export interface ListenersOptions {
  readonly certificate: ServerCertificate & { readonly ca: string };
  readonly limits: Pick<MqttLimits, 'handshakeMs' | 'connectMs' | 'handshakesInFlight' | 'connections' | 'packetBytes'>;
  /** A client's certificate does not verify; its socket is destroyed. */
  readonly onUntrusted: (refusal: ConnectRefusal) => void;
  readonly onConnection: (listener: ListenerName, arrival: Arrival) => void;
  /** A connection could not be taken, whatever its certificate or `onConnection` threw; its socket is destroyed. */
  readonly onFault: (error: unknown) => void;
}

interface ListenerOptions extends Omit<ListenersOptions, 'onConnection'> {
  readonly name: ListenerName;
  readonly address: ListenerAddress;
  /** Open sockets of the whole node, counted from accept, against its bound. */
  readonly sockets: { count: number };
  readonly onConnection: (arrival: Arrival) => void;
}

/** A socket that may be heard. */
export interface Arrival {
  /** What carries MQTT: the socket itself, or the WebSocket on it. */
  readonly stream: Duplex;
  readonly socket: Socket;
  /** Who the verified client certificate names. */
  readonly identity: PeerIdentity | undefined;
}

export interface Listener {
  readonly name: ListenerName;
  readonly host: string;
  readonly port: number;
  /** For new handshakes; open connections stay (SEC-09). */
  replaceCertificate(certificate: ServerCertificate): void;
  /** Accepts nothing any more. Open connections stay. */
  close(): void;
}

/** AEAD with forward secrecy only (SEC-08). */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** In the order of preference. A client that offers others only is refused; most offer none. */
const ALPN_PROTOCOLS = ['mqtt', 'x-amzn-mqtt-ca'];

function tlsOptions({ key, cert, ca }: ServerCertificate & { readonly ca: string }): TlsOptions {
  return {
    key,
    cert,
    ca,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** Opens a listener for each address that is given. */
export async function openListeners(
  addresses: Readonly<Partial<Record<ListenerName, ListenerAddress>>>,
  options: ListenersOptions,
): Promise<readonly Listener[]> {
  const sockets = { count: 0 };
  const opened: Listener[] = [];
  for (const name of ['mqtts', 'mqtt', 'wss'] as const) {
    const address = addresses[name];
    if (!address) continue;
    const onConnection = (arrival: Arrival): void => options.onConnection(name, arrival);
    opened.push(await openListener({ ...options, name, address, sockets, onConnection }));
  }
  return opened;
}

/**
 * Opens one listener: `mqtts` with mutual TLS, `wss` with TLS and a token or a certificate, `mqtt` plain with tokens. Sockets
 * beyond the node's bound are refused at accept; handshakes beyond theirs wait unread.
 */
async function openListener(options: ListenerOptions): Promise<Listener> {
  const { name, limits } = options;
  const host = options.address.host ?? '127.0.0.1';
  const handshakes = createHandshakeQueue(limits.handshakesInFlight, limits.handshakeMs);
  const endpoint = name === 'mqtt' ? undefined : secureEndpoint(options, (socket) => handshakes.finished(socket));

  // Paused: a socket that waits for its handshake is not read.
  const server: Server = createServer({ pauseOnConnect: true }, (socket) => {
    if (options.sockets.count >= limits.connections) {
      socket.destroy();
      return;
    }
    options.sockets.count += 1;
    socket.once('close', () => (options.sockets.count -= 1));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    // Until someone takes the socket over; an error without listener would end the process.
    socket.on('error', () => socket.destroy());
    if (endpoint) handshakes.begin(socket, () => void endpoint.server.emit('connection', socket));
    else takeSafely(options, socket, () => options.onConnection({ stream: socket, socket, identity: undefined }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.address.port, host, () => {
      server.off('error', reject);
      // EMFILE and the like: the socket is lost, the listener goes on.
      server.on('error', () => undefined);
      resolve();
    });
  });

  return {
    name,
    host,
    port: (server.address() as AddressInfo).port,
    replaceCertificate: (certificate) =>
      endpoint?.server.setSecureContext(tlsOptions({ ...certificate, ca: options.certificate.ca })),
    close() {
      server.close();
      endpoint?.close();
    },
  };
}

/** A TLS or HTTPS server that listens nowhere itself: it is handed accepted sockets. */
function secureEndpoint(options: ListenerOptions, finished: (socket: Socket) => void) {
  const tls = { ...tlsOptions(options.certificate), handshakeTimeout: options.limits.handshakeMs };
  if (options.name === 'wss') {
    const endpoint = createWebSocketEndpoint(
      // A certificate is welcome but not needed here: browsers come with a token.
      { ...tls, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] },
      options.limits,
      (stream, socket) =>
        takeSafely(options, socket, () => options.onConnection({ stream, socket, identity: verifiedIdentity(socket) })),
    );
    endpoint.server.on('secureConnection', finished);
    endpoint.server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
    return endpoint;
  }
  const server = createTlsServer(
    // By a callback: of a list, Node keeps a copy per connection, which pins 8 KiB of Node's buffer pool (bench `memory`).
    {
      ...tls,
      requestCert: true,
      // Rejected below: what Node rejects itself is gone before anybody could tell whose certificate it was.
      rejectUnauthorized: false,
      ALPNCallback: ({ protocols }) => ALPN_PROTOCOLS.find((name) => protocols.includes(name)),
    },
    (socket) => {
      finished(socket);
      takeSafely(options, socket, () => {
        const finding = examineHandshake(socket);
        if (finding.kind === 'verified') {
          options.onConnection({ stream: socket, socket, identity: finding.identity });
          return;
        }
        socket.destroy();
        options.onUntrusted(finding.refusal);
      });
    },
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return { server, close: () => void server.close() };
}

/** What a hostile certificate throws must not reach the server's event, where it would end the process. */
function takeSafely({ onFault }: Pick<ListenerOptions, 'onFault'>, socket: Socket, take: () => void): void {
  try {
    take();
  } catch (error) {
    socket.destroy();
    onFault(error);
  }
}
