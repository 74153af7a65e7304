import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { MqttLimits } from './limits.js';

const PATH = '/mqtt';
const SUBPROTOCOL = 'mqtt';
const FIXED_HEADER_BYTES = 5;

/**
 * MQTT over WebSocket: path `/mqtt`, subprotocol `mqtt`, no foreign `Origin` (SEC-10). The server listens nowhere itself.
 *
 * @param limits largest MQTT packet, and so the largest frame worth reading; and the time from the handshake of TLS to that of
 *   WebSocket, which a server that listens nowhere does not watch itself
 */
export function createWebSocketEndpoint(
  tls: TlsOptions,
  limits: Pick<MqttLimits, 'packetBytes' | 'connectMs'>,
  onConnection: (stream: Duplex, socket: Socket) => void,
): { readonly server: Server; close(): void } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.packetBytes + FIXED_HEADER_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const server = createServer(tls, (_request, response) => {
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'close' }).end();
  });
  const waiting = new Map<Duplex, NodeJS.Timeout>();
  const arrived = (socket: Duplex): void => {
    clearTimeout(waiting.get(socket));
    waiting.delete(socket);
  };
  server.on('secureConnection', (socket) => {
    waiting.set(
      socket,
      setTimeout(() => socket.destroy(), limits.connectMs),
    );
    socket.once('close', () => arrived(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const status = refusalOf(request);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      arrived(socket);
      // ws reports the peer's protocol errors here and on the stream; the stream's handler closes the connection.
      webSocket.on('error', () => undefined);
      onConnection(createWebSocketStream(webSocket), request.socket);
    });
  });
  return {
    server,
    close() {
      server.close();
      sockets.close();
    },
  };
}

/** Status line of a refused upgrade; `undefined` = welcome. */
function refusalOf({ url, headers }: IncomingMessage): string | undefined {
  if ((url ?? '').split('?', 1)[0] !== PATH) return '404 Not Found';
  if (headers.origin !== undefined && hostOf(headers.origin) !== headers.host) return '403 Forbidden';
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes(SUBPROTOCOL) ? undefined : '400 Bad Request';
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
