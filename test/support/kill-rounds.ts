import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { startLocalKafka } from '../../src/transport/kafka/local-broker.js';
import { enrol, mutualTls, type EnrolledDevice } from './enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from './fleetlog-process.js';
import { readJournal, untilRelayed, type JournalLine } from './journal-lines.js';

const RECONNECT_MS = 30_000;

export interface KillRounds {
  readonly rounds: number;
  readonly databaseUrl: string;
  /** Devices under load; every third speaks QoS 2. */
  readonly devices: number;
  /** Open publishes of a device. */
  readonly inFlight: number;
  /** The server lives for a random time up to this before each kill, ms. */
  readonly lifeMs: number;
  /** Kafka is killed too in each n-th round. */
  readonly kafkaEvery: number;
  readonly random: () => number;
  readonly log: (line: string) => void;
}

export interface KillReport {
  readonly acknowledged: number;
  readonly journaled: number;
  /** Acknowledged messages that the journal does not hold. */
  readonly missing: readonly string[];
  /** Messages that the journal holds more than once. */
  readonly repeated: readonly string[];
  /** Devices whose messages are not in the order in which they were sent. */
  readonly disordered: readonly string[];
  readonly relay: {
    readonly records: number;
    readonly gaps: number;
    readonly duplicates: number;
    readonly inversions: number;
    readonly differences: number;
  };
  /** All events of the journal, in shard order. */
  readonly lines: readonly JournalLine[];
  readonly kafka: { readonly brokers: string; stop(): Promise<void> };
}

/**
 * The promise under `kill -9`: devices publish over mutual TLS, each acknowledged message is written to a ledger with fsync,
 * the server (and every now and then Kafka) is killed at a random instant and started again. At the end, when all has been
 * acknowledged and relayed, the ledger is compared with the journal, and the platform compares the journal with the topic.
 */
export async function runKillRounds(options: KillRounds): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-kill-'));
  const kafkaFolder = join(folder, 'kafka');
  let kafka = await startLocalKafka({ dataDir: kafkaFolder });
  const env = { MQTTS_PORT: String(await freePort()), HTTP_PORT: String(await freePort()) };
  const start = (): Promise<FleetlogProcess> =>
    startFleetlog({
      dataDir: join(folder, 'data'),
      databaseUrl: options.databaseUrl,
      kafkaBrokers: kafka.brokers,
      env,
    });

  let server = await start();
  const ledger = openLedger(join(folder, 'ledger'));
  const load: LoadDevice[] = [];
  try {
    for (let number = 0; number < options.devices; number++) {
      const device = await enrol(server, `kill-${number}`);
      load.push(
        startLoad(device, Number(env.MQTTS_PORT), number % 3 === 2 ? 2 : 1, options.inFlight, (id) =>
          ledger.acknowledge(id),
        ),
      );
    }
    for (let round = 1; round <= options.rounds; round++) {
      await untilMore(ledger);
      await sleep(options.random() * options.lifeMs);
      await server.kill();
      if (round % options.kafkaEvery === 0) {
        process.kill(kafka.pid, 'SIGKILL');
        kafka = await startLocalKafka({ dataDir: kafkaFolder, port: Number(kafka.brokers.split(':')[1]) });
      }
      server = await start();
      options.log(`round ${round}: ${ledger.count()} acknowledged`);
    }
    await Promise.all(load.map(({ finish }) => finish()));
    await untilRelayed(server);
    const lines = await readJournal(server);
    const relay = (await (await server.call('POST', '/system/relay/verify')).json()) as KillReport['relay'];
    await server.stop();
    return { ...compare(ledger.read(), lines), relay, lines, kafka };
  } catch (error) {
    await Promise.all(load.map(({ abandon }) => abandon()));
    await server.kill();
    await kafka.stop();
    throw new Error(`kill rounds failed; the server's log:\n${server.log()}`, { cause: error });
  } finally {
    ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits until the devices are back and acknowledged again, so that each kill comes under load. */
async function untilMore(ledger: Ledger): Promise<void> {
  const count = ledger.count();
  const until = Date.now() + RECONNECT_MS;
  while (ledger.count() === count) {
    if (Date.now() > until) throw new Error(`nothing was acknowledged in ${RECONNECT_MS / 1000} s`);
    await sleep(10);
  }
}

interface LoadDevice {
  /** Sends no more and resolves when everything sent is acknowledged. */
  readonly finish: () => Promise<void>;
  readonly abandon: () => Promise<void>;
}

/**
 * A device that always has `inFlight` publishes open. QoS 1 messages carry an id, so that a repeat is known by it; QoS 2
 * messages carry none: there the packet identifier alone must do.
 */
function startLoad(
  device: EnrolledDevice,
  port: number,
  qos: 1 | 2,
  inFlight: number,
  acknowledge: (id: string) => void,
): LoadDevice {
  const client: MqttClient = mqtt.connect(
    mutualTls(device, port, { clean: false, reconnectPeriod: 100, connectTimeout: 5_000 }),
  );
  let sent = 0;
  let open = 0;
  let finishing = false;
  let finished: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });

  const fill = (): void => {
    while (!finishing && open < inFlight) {
      const id = `${device.id}-${++sent}`;
      open++;
      client.publish(
        `devices/${device.id}/telemetry`,
        JSON.stringify({ values: { id }, ...(qos === 1 && { id }) }),
        { qos },
        (error) => {
          open--;
          if (!error) acknowledge(id);
          if (finishing && open === 0) finished();
          // An error: the connection went while mqtt.js sent its store again, and it never sent this one. Not at once then: it
          // still walks its queue, and what is added there is refused in the same walk, for ever.
          if (error) setImmediate(fill);
          else fill();
        },
      );
    }
  };
  client.on('error', () => undefined); // refused while the server is away: mqtt.js tries again
  client.once('connect', fill);
  return {
    async finish() {
      finishing = true;
      if (open > 0) await done;
      await client.endAsync();
    },
    async abandon() {
      finishing = true;
      await client.endAsync(true);
    },
  };
}

interface Ledger {
  acknowledge(id: string): void;
  count(): number;
  read(): readonly string[];
  close(): void;
}

/** Acknowledged ids on disk, each with fsync before anything else happens. */
function openLedger(path: string): Ledger {
  const file = openSync(path, 'a+');
  let count = 0;
  return {
    acknowledge(id) {
      writeSync(file, `${id}\n`);
      fsyncSync(file);
      count++;
    },
    count: () => count,
    read: () => readFileSync(path, 'utf8').split('\n').filter(Boolean),
    close: () => closeSync(file),
  };
}

function compare(
  acknowledged: readonly string[],
  lines: readonly JournalLine[],
): Omit<KillReport, 'relay' | 'lines' | 'kafka'> {
  const times = new Map<string, number>();
  const last = new Map<string, number>();
  const disordered = new Set<string>();
  for (const line of lines) {
    if (line.type !== 'TelemetryRecorded') continue;
    const { id } = (line.payload as { values: { id: string } }).values;
    const number = Number(id.slice(id.lastIndexOf('-') + 1));
    times.set(id, (times.get(id) ?? 0) + 1);
    if (number <= (last.get(line.stream) ?? 0)) disordered.add(line.stream);
    last.set(line.stream, number);
  }
  return {
    acknowledged: acknowledged.length,
    journaled: times.size,
    missing: acknowledged.filter((id) => !times.has(id)),
    repeated: [...times].filter(([, count]) => count > 1).map(([id]) => id),
    disordered: [...disordered],
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
