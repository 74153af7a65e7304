import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartRefused } from '../../actors/kernel/errors.js';
import { answersAsBroker } from './broker-probe.js';

/** Says which Kafka is fetched, to Maven as to us. */
const POM = new URL('../../../tools/kafka/pom.xml', import.meta.url);
const START_MS = 60_000;
const STOP_MS = 6_000;
/** Small heap and quick start: one node with a few topics needs no more (libraries.md §3a). */
const JVM_FLAGS = [
  '-Xms128m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

export interface LocalKafkaOptions {
  /** Folder for log segments, settings and the broker's own log; made when missing. */
  readonly dataDir: string;
  /** Folder of the fetched jars. @default the cache that `tools/kafka/fetch.js` fills */
  readonly libDir?: string;
  /** TCP port on 127.0.0.1. @default the one of the last start when it is free, else a free one */
  readonly port?: number;
  /** Called once when the broker ends without `stop`. */
  readonly onExit?: (reason: string) => void;
  /** Aborted: the start is given up, and what it has begun is ended before the promise rejects. */
  readonly signal?: AbortSignal;
}

export interface LocalKafka {
  /** `host:port`. */
  readonly brokers: string;
  readonly pid: number;
  /** Ends it in order and resolves when the process is gone. May be called again. */
  stop(): Promise<void>;
}

/** Folder of the fetched jars, or `undefined` when nothing was fetched. */
export function fetchedKafka(): string | undefined {
  const version = existsSync(POM) && /<kafka\.version>([^<]+)</.exec(readFileSync(POM, 'utf8'))?.[1];
  if (!version) return undefined;
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fleetlog', `kafka-${version}`);
  return existsSync(join(folder, '.complete')) ? folder : undefined;
}

/**
 * Starts a real Apache Kafka: one node, broker and KRaft controller in one process, on loopback. Heals what a killed run has
 * left: a broker that still runs on this folder is stopped first, a half-made folder is made anew.
 * @throws StartRefused with one sentence and the remedy
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const dataDir = resolve(options.dataDir);
  const libDir = options.libDir ?? fetchedKafka();
  if (libDir === undefined)
    throw new StartRefused('The local Kafka is not fetched yet: run `npm start` once, or set KAFKA_BROKERS=off.');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await stopLeftover(dataDir);
  const port = options.port ?? (await choosePort(dataDir));
  const properties = await writeProperties(dataDir, port, await freePort());
  const classPath = join(libDir, '*');
  await formatOnce(dataDir, classPath, properties);
  options.signal?.throwIfAborted();

  const log = await open(join(dataDir, 'kafka.log'), 'a', 0o600);
  // A process group of its own: Ctrl-C on the terminal must not end it before the relay has stopped.
  const child = spawn('java', [...JVM_FLAGS, '-cp', classPath, 'kafka.Kafka', properties], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  const pid = await spawned(child);
  await log.close();
  await writeFile(join(dataDir, 'kafka.pid'), `${pid}\n`);
  const stop = stopper(child, dataDir);
  try {
    await untilReady(child, port, dataDir, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  let expected = false;
  child.once('exit', (code, signal) => {
    if (!expected)
      options.onExit?.(
        `Kafka ended by itself (${signal ?? code ?? 'unknown'}); its log is ${join(dataDir, 'kafka.log')}`,
      );
  });
  return {
    brokers: `127.0.0.1:${port}`,
    pid,
    stop() {
      expected = true;
      return stop();
    },
  };
}

async function writeProperties(dataDir: string, port: number, controllerPort: number): Promise<string> {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dataDir, 'logs'),
    'log.retention.ms': '-1', // replayable for ever
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A killed broker may register again only when its old session has ended (default 9 s).
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '500',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
  };
  const file = join(dataDir, 'server.properties');
  await writeFile(
    file,
    `${Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n')}\n`,
  );
  await writeFile(join(dataDir, 'port'), `${port}\n`);
  return file;
}

/** Formats the log folder; a format that was interrupted is done again from nothing. */
async function formatOnce(dataDir: string, classPath: string, properties: string): Promise<void> {
  const mark = join(dataDir, 'formatted');
  if (existsSync(mark)) return;
  await rm(join(dataDir, 'logs'), { recursive: true, force: true });
  // An id may begin with a dash: with `=` it is not taken for an option.
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  const format = spawn(
    'java',
    [
      ...JVM_FLAGS,
      '-cp',
      classPath,
      'kafka.tools.StorageTool',
      'format',
      `--cluster-id=${clusterId}`,
      '-c',
      properties,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  format.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const closed = new Promise<number | null>((done) => format.once('close', done));
  await spawned(format);
  const code = await closed;
  if (code !== 0) throw failure(`formatting ended with ${code}`, said);
  await writeFile(mark, clusterId);
}

async function untilReady(child: ChildProcess, port: number, dataDir: string, signal?: AbortSignal): Promise<void> {
  const until = Date.now() + START_MS;
  while (!(await answersAsBroker('127.0.0.1', port))) {
    signal?.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null)
      throw failure('it ended', await lastLines(join(dataDir, 'kafka.log')));
    if (Date.now() > until)
      throw failure(`it did not answer within ${START_MS / 1000} s`, await lastLines(join(dataDir, 'kafka.log')));
    await sleep(50);
  }
}

function failure(what: string, said: string): StartRefused {
  const remedy = /No space left/.test(said)
    ? 'the disk is full, free some space'
    : /Address already in use|BindException/.test(said)
      ? 'its port is taken, end the program that uses it'
      : `the reason is in kafka.log (${said.trim().split('\n').at(-1)?.slice(0, 200) ?? 'no output'})`;
  return new StartRefused(`The local Kafka did not start, ${what}: ${remedy}; or set KAFKA_BROKERS=off.`);
}

function stopper(child: ChildProcess, dataDir: string): () => Promise<void> {
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  return async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(late);
    }
    await rm(join(dataDir, 'kafka.pid'), { force: true });
  };
}

/** A broker that a killed run left behind still holds the folder's lock. Only a process that is really it is stopped. */
async function stopLeftover(dataDir: string): Promise<void> {
  const pid = Number(await readFile(join(dataDir, 'kafka.pid'), 'utf8').catch(() => '0'));
  if (pid <= 1 || !(await runsOn(pid, dataDir))) return;
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + STOP_MS;
  while (await runsOn(pid, dataDir)) {
    if (Date.now() > until) process.kill(pid, 'SIGKILL');
    await sleep(50);
  }
}

async function runsOn(pid: number, dataDir: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes('kafka.Kafka') && commandLine.includes(join(dataDir, 'server.properties'));
}

/** Consumers keep their address over restarts: the last port again, when it is free. */
async function choosePort(dataDir: string): Promise<number> {
  const last = Number(await readFile(join(dataDir, 'port'), 'utf8').catch(() => '0'));
  return last > 0 ? freePort(last).catch(() => freePort()) : freePort();
}

function freePort(wanted = 0): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        done(port);
      });
    });
  });
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    child.once('error', (cause) =>
      fail(
        new StartRefused('The local Kafka needs Java 17 or newer: install it, or set KAFKA_BROKERS=off.', { cause }),
      ),
    );
    child.once('spawn', () => done(child.pid ?? 0));
  });
}

async function lastLines(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).slice(-2_000);
}
