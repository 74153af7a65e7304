import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** What the proxy does with the bytes of both directions from now on, on old and new connections alike. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  /** Each chunk of the reply waits so long, ms. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Nothing gets through, and nobody is told: a network that has gone away. */
  | { readonly kind: 'silent' }
  /** Requests go through; the connection is cut when so many bytes of the reply have (0 = before the first). */
  | { readonly kind: 'cut-reply'; readonly afterBytes: number }
  /** Connections are refused and the open ones cut. */
  | { readonly kind: 'down' };

export interface TcpProxy {
  readonly port: number;
  set(mode: ProxyMode): void;
  /** New connections go there from now on; the open ones stay where they are. */
  lead(port: number): void;
  /** Connections that were cut inside a reply so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** A proxy on loopback before any TCP server, to play the faults of a network. */
export async function startTcpProxy(first: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  let target = first;
  const sockets = new Set<Socket>();
  let mode: ProxyMode = { kind: 'pass' };
  let cuts = 0;
  let allowance = 0;

  const server = createServer((client) => {
    if (mode.kind === 'down') {
      client.destroy();
      return;
    }
    const upstream = createConnection(target);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // a fault that is played is no fault of the test
      socket.on('close', () => {
        sockets.delete(socket);
        if (mode.kind !== 'silent') other.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (mode.kind !== 'silent') upstream.write(chunk);
    });
    upstream.on('data', (chunk) => reply(client, upstream, chunk));
  });

  const reply = (client: Socket, upstream: Socket, chunk: Buffer) => {
    switch (mode.kind) {
      case 'pass':
        client.write(chunk);
        return;
      case 'delay':
        setTimeout(() => client.write(chunk), mode.milliseconds);
        return;
      case 'cut-reply':
        if (chunk.length <= allowance) {
          allowance -= chunk.length;
          client.write(chunk);
          return;
        }
        cuts += 1;
        if (allowance > 0) client.write(chunk.subarray(0, allowance));
        client.destroySoon();
        upstream.destroy();
        return;
      case 'silent':
      case 'down':
        return;
      default:
        mode satisfies never;
    }
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      mode = next;
      if (next.kind === 'cut-reply') allowance = next.afterBytes;
      if (next.kind === 'down') for (const socket of sockets) socket.destroy();
    },
    lead: (port) => {
      target = { ...target, port };
    },
    get cuts() {
      return cuts;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
