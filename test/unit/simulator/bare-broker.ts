import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Aedes } from 'aedes';

/** A bare broker as the peer of simulated devices: it can stop, come back on its port, and withhold acknowledgements. */
export interface BareBroker {
  readonly url: string;
  /** Payloads in the order of their arrival, repetitions included, those that were not acknowledged too. */
  readonly arrived: { readonly client: string; readonly topic: string; readonly payload: string }[];
  /** Client ids in the order of their connections. */
  readonly connects: string[];
  /** While true, publishes arrive and are not acknowledged. */
  isHolding: boolean;
  /** While true, CONNECTs are refused. */
  isRefusing: boolean;
  /** Open sockets. */
  readonly sockets: ReadonlySet<Socket>;
  start(): Promise<void>;
  /** Cuts every connection. */
  stop(): Promise<void>;
}

/** @param tls with it the broker speaks TLS only */
export async function startBareBroker(tls?: TlsOptions): Promise<BareBroker> {
  const sockets = new Set<Socket>();
  const arrived: BareBroker['arrived'] = [];
  const connects: string[] = [];
  let port = 0;
  let close: () => Promise<void> = () => Promise.resolve();

  const start = async (): Promise<void> => {
    const aedes = await Aedes.createBroker();
    aedes.authenticate = (client, _name, _password, done) => {
      connects.push(client.id);
      done(null, !broker.isRefusing);
    };
    aedes.authorizePublish = (client, { topic, payload }, done) => {
      arrived.push({ client: client?.id ?? '', topic, payload: payload.toString() });
      if (!broker.isHolding) done(null);
    };
    const handle = (socket: Socket): void => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
    };
    const server = tls ? createTlsServer(tls, handle) : createTcpServer(handle);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    close = async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    };
  };
  const broker: BareBroker = {
    get url() {
      return `${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`;
    },
    arrived,
    connects,
    isHolding: false,
    isRefusing: false,
    sockets,
    start,
    stop: () => close(),
  };
  await start();
  return broker;
}
