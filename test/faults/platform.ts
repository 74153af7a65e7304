import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/persistence/embedded-postgres.js';
import { startLocalKafka } from '../../src/transport/kafka/local-broker.js';
import { startDeviceLoad, type DeviceLoad, type DeviceLoadOptions } from '../support/device-load.js';
import { enrol, type EnrolledDevice } from '../support/enrolled-device.js';
import { startFleetlog, type FleetlogOptions, type FleetlogProcess } from '../support/fleetlog-process.js';
import { freePort } from '../support/free-port.js';
import { startKafkaProxy, type KafkaProxy } from '../support/kafka-proxy.js';
import { freshTopics, sharedBroker } from '../support/kafka.js';
import { openLedger, type Ledger } from '../support/ledger.js';
import { createTestDatabase } from '../support/postgres.js';

export interface PlatformOptions {
  /**
   * `shared` = the broker of the whole run under fresh topics, `proxied` = the same behind a proxy, `own` = one that may be
   * killed. @default shared
   */
  readonly kafka?: 'shared' | 'proxied' | 'own' | 'off';
  /** `shared` = a fresh database of the run's Postgres, `own` = a server that may be killed. @default shared */
  readonly postgres?: 'shared' | 'own' | { readonly dataDir: string };
  /** Rewrites the address that Fleetlog is given, for a proxy before Postgres. */
  readonly databaseUrl?: (direct: string) => Promise<string>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Everything real that a fault is played on: Postgres, Kafka, Fleetlog, devices and their ledger. */
export interface Platform {
  readonly folder: string;
  /** Past every proxy. */
  readonly databaseUrl: string;
  readonly postgres: EmbeddedPostgres | undefined;
  /** Starts the own Postgres again after its end, on the same port. */
  readonly restartPostgres: () => Promise<void>;
  readonly brokers: string;
  /** SIGKILL to the own broker; the proxy cuts and refuses connections. */
  readonly killKafka: () => void;
  readonly restartKafka: () => Promise<void>;
  /** Before the shared broker, when it is proxied. */
  readonly kafkaProxy: KafkaProxy | undefined;
  readonly eventsTopic: string;
  readonly mqttsPort: number;
  /** The server that was started last of those that run, or of all when none does. */
  readonly server: FleetlogProcess;
  /** All that were started and have not ended. */
  readonly nodes: readonly FleetlogProcess[];
  /** Starts Fleetlog on the platform's ports and data directory. */
  start(options?: Partial<FleetlogOptions>): Promise<FleetlogProcess>;
  /** A second node on the same Postgres and Kafka, with ports of its own and a copy of the data directory. */
  startSecond(options?: Partial<FleetlogOptions>): Promise<FleetlogProcess>;
  /** Registered, with certificates, not connected. */
  enrol(count: number, prefix?: string): Promise<readonly EnrolledDevice[]>;
  readonly ledger: Ledger;
  /** Devices under load, whose acknowledgements go to the ledger; every third speaks QoS 2. */
  load(devices: readonly EnrolledDevice[], options?: Partial<DeviceLoadOptions>): readonly DeviceLoad[];
  readonly loads: readonly DeviceLoad[];
  /** Runs SQL past Fleetlog. */
  sql<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** Called at the end, the last first, whatever happens. */
  later(end: End): void;
}

/** Takes something down again. */
type End = () => unknown;

/**
 * Builds a platform, runs the work on it and takes everything down again. What the work throws comes with the end of the
 * server's log.
 */
export async function withPlatform<T>(options: PlatformOptions, work: (platform: Platform) => Promise<T>): Promise<T> {
  const ends: End[] = [];
  const servers: FleetlogProcess[] = [];
  try {
    return await work(await build(options, ends, servers));
  } catch (error) {
    const logs = servers.slice(-2).map((server) => server.log().slice(-4_000));
    throw new Error(`${(error as Error).message}\n${logs.join('\n── the node after it ──\n')}`, { cause: error });
  } finally {
    for (let end = ends.pop(); end; end = ends.pop()) await end();
  }
}

async function build(options: PlatformOptions, ends: End[], servers: FleetlogProcess[]): Promise<Platform> {
  const later = (end: End): void => void ends.push(end);
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-fault-'));
  later(() => rm(folder, { recursive: true, force: true }));
  const database = await openPostgres(options.postgres ?? 'shared', folder, later);
  const kafka = await openKafka(options.kafka ?? 'shared', folder, later);
  const ledger = openLedger(join(folder, 'ledger'));
  later(() => ledger.close());
  const loads: DeviceLoad[] = [];
  later(() => Promise.all(loads.map((load) => load.abandon())));

  const databaseUrl = (await options.databaseUrl?.(database.url)) ?? database.url;
  const mqttsPort = await freePort();
  const topics = freshTopics();
  const common: FleetlogOptions = { dataDir: join(folder, 'data'), databaseUrl, kafkaBrokers: kafka.brokers };
  const env = { KAFKA_TOPIC: topics.eventsTopic, KAFKA_CHECKPOINT_TOPIC: topics.checkpointTopic, ...options.env };
  const ports = { MQTTS_PORT: String(mqttsPort), HTTP_PORT: String(await freePort()) };
  const running = new Set<FleetlogProcess>();
  let enrolled = 0;
  let copies = 0;

  const launch = async (given: FleetlogOptions): Promise<FleetlogProcess> => {
    const server = await startFleetlog(given);
    servers.push(server);
    running.add(server);
    void server.ended.then(() => running.delete(server));
    later(() => server.kill());
    return server;
  };
  const server = (): FleetlogProcess => {
    const last = [...running].at(-1) ?? servers.at(-1);
    if (!last) throw new Error('no server was started');
    return last;
  };

  return {
    folder,
    databaseUrl: database.url,
    get postgres() {
      return database.own();
    },
    restartPostgres: database.restart,
    brokers: kafka.brokers,
    killKafka: kafka.kill,
    restartKafka: kafka.restart,
    kafkaProxy: kafka.proxy,
    eventsTopic: topics.eventsTopic,
    mqttsPort,
    get server() {
      return server();
    },
    get nodes() {
      return [...running];
    },
    start: (more) => launch({ ...common, ...more, env: { ...env, ...ports, ...more?.env } }),
    async startSecond(more) {
      const number = (copies += 1);
      const dataDir = join(folder, `data-${number}`);
      await cp(common.dataDir, dataDir, { recursive: true });
      const node = { FLEETLOG_NODE_ID: `node-${number}` };
      return launch({ ...common, dataDir, ...more, env: { ...env, ...node, ...more?.env } });
    },
    async enrol(count, prefix = 'pump') {
      const devices: EnrolledDevice[] = [];
      for (let index = 0; index < count; index++) devices.push(await enrol(server(), `${prefix}-${++enrolled}`));
      return devices;
    },
    ledger,
    load(devices, more = {}) {
      const started = devices.map((device, index) =>
        startDeviceLoad({
          device,
          port: mqttsPort,
          qos: index % 3 === 2 ? 2 : 1,
          inFlight: 8,
          acknowledge: (id) => ledger.acknowledge(id),
          ...more,
        }),
      );
      loads.push(...started);
      return started;
    },
    loads,
    sql: async <R extends pg.QueryResultRow>(text: string, values?: unknown[]) => {
      const client = new pg.Client({ connectionString: database.url });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<R>(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    later,
  };
}

type Later = (end: End) => void;

async function openPostgres(
  wish: NonNullable<PlatformOptions['postgres']>,
  folder: string,
  later: Later,
): Promise<{ url: string; own: () => EmbeddedPostgres | undefined; restart: () => Promise<void> }> {
  if (wish === 'shared') {
    const database = await createTestDatabase();
    later(() => database.drop());
    const none = (): Promise<void> => Promise.reject(new Error('the shared Postgres must not be restarted'));
    return { url: database.url, own: () => undefined, restart: none };
  }
  const dataDir = wish === 'own' ? join(folder, 'postgres') : wish.dataDir;
  let own = await startEmbeddedPostgres({ dataDir });
  later(() => own.stop());
  const { url, port } = own;
  return {
    url,
    own: () => own,
    restart: async () => {
      own = await startEmbeddedPostgres({ dataDir, port });
    },
  };
}

interface Kafka {
  readonly brokers: string;
  readonly kill: () => void;
  readonly restart: () => Promise<void>;
  readonly proxy?: KafkaProxy;
}

async function openKafka(wish: NonNullable<PlatformOptions['kafka']>, folder: string, later: Later): Promise<Kafka> {
  switch (wish) {
    case 'own':
      return openOwnKafka(join(folder, 'kafka'), later);
    case 'proxied': {
      const proxy = await startKafkaProxy(sharedBroker());
      later(() => proxy.close());
      const setDown = (down: boolean): void => void (proxy.down = down);
      const restart = (): Promise<void> => {
        setDown(false);
        return Promise.resolve();
      };
      return { brokers: proxy.address, kill: () => setDown(true), restart, proxy };
    }
    case 'shared':
    case 'off': {
      const refuse = (): never => {
        throw new Error('this Kafka may not be killed');
      };
      return { brokers: wish === 'off' ? 'off' : sharedBroker(), kill: refuse, restart: refuse };
    }
  }
}

async function openOwnKafka(dataDir: string, later: Later): Promise<Kafka> {
  let own = await startLocalKafka({ dataDir });
  later(() => own.stop());
  const { brokers } = own;
  return {
    brokers,
    kill: () => void process.kill(own.pid, 'SIGKILL'),
    restart: async () => {
      own = await startLocalKafka({ dataDir, port: Number(brokers.split(':')[1]) });
    },
  };
}
