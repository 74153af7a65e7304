import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import mqttPacket, { type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';

type Of<C extends Packet['cmd']> = Extract<Packet, { cmd: C }>;

/** An MQTT client that sends exactly what it is told, and keeps all that it gets, in order. */
export interface RawClient {
  readonly socket: Socket;
  readonly received: Packet[];
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  send(...packets: Packet[]): void;
  sendBytes(bytes: Buffer): void;
  /** Waits for the next packet of this kind that was not yet taken. */
  next<C extends Packet['cmd']>(cmd: C): Promise<Of<C>>;
  /** Sends CONNECT and waits for CONNACK, or for the end of the connection (`undefined`). */
  connect(options?: Partial<IConnectPacket>): Promise<Of<'connack'> | undefined>;
  /** Sends PINGREQ and waits for its answer: all that was sent before has been read. */
  ping(): Promise<void>;
  end(): Promise<void>;
}

const DEADLINE_MS = 15_000;

/** Wraps an open socket. */
export function rawClient(socket: Socket): RawClient {
  const received: Packet[] = [];
  const taken = new Set<Packet>();
  const parser = mqttPacket.parser();
  const wake = new Set<() => void>();
  let isClosed = false;
  const wakeAll = (): void => {
    for (const one of [...wake]) one();
  };
  parser.on('packet', (packet: Packet) => {
    received.push(packet);
    wakeAll();
  });
  socket.on('data', (bytes: Buffer) => void parser.parse(bytes));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true;
      wakeAll();
      resolve();
    });
  });

  async function until<T>(find: () => T | undefined, what: string): Promise<T | undefined> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = find();
      if (found !== undefined || isClosed) return found;
      if (Date.now() > deadline)
        throw new Error(`no ${what} came; got ${JSON.stringify(received.map(({ cmd }) => cmd))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, 100);
        function done(): void {
          clearTimeout(timer);
          wake.delete(done);
          resolve();
        }
        wake.add(done);
      });
    }
  }
  const take = <C extends Packet['cmd']>(cmd: C): Of<C> | undefined => {
    const found = received.find((packet): packet is Of<C> => packet.cmd === cmd && !taken.has(packet));
    if (found) taken.add(found);
    return found;
  };

  const client: RawClient = {
    socket,
    received,
    closed,
    get isClosed() {
      return isClosed;
    },
    send: (...packets) => void socket.write(Buffer.concat(packets.map((packet) => mqttPacket.generate(packet)))),
    sendBytes: (bytes) => void socket.write(bytes),
    async next(cmd) {
      const found = await until(() => take(cmd), cmd);
      if (!found) throw new Error(`the connection was closed before a ${cmd} came`);
      return found;
    },
    async connect(options = {}) {
      const clean = options.clean ?? true;
      const bytes = mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        keepalive: 60,
        clientId: 'test',
        ...options,
        clean: true,
      });
      // mqtt-packet refuses to write an empty client id without a clean session; the flag is the bit 1 behind name and level.
      if (!clean)
        bytes[bytes.indexOf(options.protocolId ?? 'MQTT') + (options.protocolId ?? 'MQTT').length + 1]! &= ~0x02;
      socket.write(bytes);
      return until(() => take('connack'), 'connack');
    },
    async ping() {
      client.send({ cmd: 'pingreq' });
      await client.next('pingresp');
    },
    async end() {
      socket.destroy();
      await closed;
    },
  };
  return client;
}

export async function openTcp(port: number): Promise<RawClient> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  return rawClient(socket);
}

/** Opens TLS; rejects when the handshake fails. Under TLS 1.3 a refused client certificate shows only later, as a close. */
export async function openTls(port: number, options: ConnectionOptions): Promise<RawClient> {
  const socket = connectTls({ port, host: '127.0.0.1', ...options });
  await once(socket, 'secureConnect');
  return rawClient(socket);
}

/** A PUBLISH with the usual members. */
export function publish(
  topic: string,
  payload: unknown,
  options: {
    readonly qos?: 0 | 1 | 2;
    readonly messageId?: number;
    readonly dup?: boolean;
    readonly retain?: boolean;
  } = {},
): IPublishPacket {
  const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  return { cmd: 'publish', topic, payload: body, qos: 0, dup: false, retain: false, ...options };
}

export function subscribe(messageId: number, ...filters: (string | readonly [string, 0 | 1 | 2])[]): Packet {
  const subscriptions = filters.map((filter) =>
    typeof filter === 'string' ? { topic: filter, qos: 1 as const } : { topic: filter[0], qos: filter[1] },
  );
  return { cmd: 'subscribe', messageId, subscriptions };
}
