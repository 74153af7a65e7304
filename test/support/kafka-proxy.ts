import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** API keys of the Kafka protocol guide, as far as tests name them. */
export const API = {
  produce: 0,
  fetch: 1,
  initProducerId: 22,
  addPartitionsToTransaction: 24,
  endTransaction: 26,
} as const;

export interface ProxiedRequest {
  readonly api: number;
  /** What follows the request header of version 1. */
  readonly body: Buffer;
  /** One number per connection. */
  readonly connection: number;
}

/**
 * `cut` = the connection ends there: a request is never delivered, or it is and its answer is lost. `swallow` = the same, but the
 * connection stays open and silent.
 */
export type Verdict = 'pass' | 'cut' | 'swallow';

export interface KafkaProxy {
  /** `host:port`, for clients in place of the broker's. */
  readonly address: string;
  /** Asked before each request goes on. */
  onRequest: (request: ProxiedRequest) => Verdict;
  /** Asked before each answer goes back. */
  onAnswer: (request: ProxiedRequest, answer: Buffer) => Verdict;
  /** While set, connections are refused; setting it cuts the open ones. */
  down: boolean;
  /** How long each request waits before it goes on, ms: a slow broker. */
  delayMs: number;
  /** Connections that were refused so far. */
  readonly refused: number;
  /** Connections that are open now. */
  readonly connections: number;
  close(): Promise<void>;
}

/**
 * A proxy before one broker that knows requests from answers. Clients follow the address that the broker gives away, so each
 * `127.0.0.1:port` in an answer is replaced by the proxy's own; both take the same bytes.
 */
export async function startKafkaProxy(broker: string): Promise<KafkaProxy> {
  const port = Number(broker.slice(broker.lastIndexOf(':') + 1));
  const sockets = new Set<Socket>();
  let down = false;
  let connections = 0;
  let refused = 0;

  const server = createServer((client) => {
    if (down) {
      refused += 1;
      client.destroy();
      return;
    }
    const connection = (connections += 1);
    const upstream = createConnection({ host: '127.0.0.1', port });
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    const unanswered = new Map<number, ProxiedRequest>();
    client.on(
      'data',
      frames((frame) => {
        const request = { api: frame.readInt16BE(4), body: afterHeader(frame), connection };
        unanswered.set(frame.readInt32BE(8), request);
        const verdict = proxy.onRequest(request);
        if (verdict === 'cut') cut();
        if (verdict !== 'pass') return;
        if (proxy.delayMs > 0) setTimeout(() => upstream.write(frame), proxy.delayMs);
        else upstream.write(frame);
      }),
    );
    upstream.on(
      'data',
      frames((frame) => {
        const request = unanswered.get(frame.readInt32BE(4));
        unanswered.delete(frame.readInt32BE(4));
        const verdict = request ? proxy.onAnswer(request, frame) : 'pass';
        if (verdict === 'cut') cut();
        else if (verdict === 'pass') client.write(withAddress(frame, own, port, ownPort()));
      }),
    );
  });
  const own = '127.0.0.1';
  const ownPort = (): number => (server.address() as AddressInfo).port;
  await new Promise<void>((resolve) => server.listen(0, own, resolve));

  const proxy: KafkaProxy = {
    address: `${own}:${ownPort()}`,
    onRequest: () => 'pass',
    onAnswer: () => 'pass',
    delayMs: 0,
    get down() {
      return down;
    },
    set down(value) {
      down = value;
      if (down) for (const socket of sockets) socket.destroy();
    },
    get refused() {
      return refused;
    },
    get connections() {
      return sockets.size / 2;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return proxy;
}

/** Topics and partitions of a produce request, version 3 to 8. */
export function producedPartitions({ body }: ProxiedRequest): { topic: string; partition: number }[] {
  let at = 2 + Math.max(0, body.readInt16BE(0)); // transactional id
  at += 2 + 4; // acks, timeout
  const found: { topic: string; partition: number }[] = [];
  const topics = body.readInt32BE(at);
  at += 4;
  for (let topicIndex = 0; topicIndex < topics; topicIndex += 1) {
    const length = body.readInt16BE(at);
    const topic = body.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
    const partitions = body.readInt32BE(at);
    at += 4;
    for (let index = 0; index < partitions; index += 1) {
      found.push({ topic, partition: body.readInt32BE(at) });
      at += 8 + body.readInt32BE(at + 4);
    }
  }
  return found;
}

/** Cuts a stream of bytes into frames: a size of four bytes and as much as it says. */
function frames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      take(Buffer.from(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
  };
}

/** Request header: size, api key, version, correlation id, client id. */
const afterHeader = (frame: Buffer): Buffer => frame.subarray(14 + Math.max(0, frame.readInt16BE(12)));

function withAddress(frame: Buffer, host: string, from: number, to: number): Buffer {
  const told = Buffer.alloc(host.length + 4);
  told.write(host);
  told.writeInt32BE(from, host.length);
  for (let at = frame.indexOf(told); at >= 0; at = frame.indexOf(told, at + 1))
    frame.writeInt32BE(to, at + host.length);
  return frame;
}
