import type { ChildProcess } from 'node:child_process';
import { open, readFile, rename } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

import type { Logger } from '../actors/kernel/ports/surroundings.js';
import { pickAccount, type Account } from './embedded/account.js';
import { findPostgresBinaries } from './embedded/binaries.js';
import { clusterPaths, EMBEDDED_NAME, ensureCluster, prepareFolder, startFailure } from './embedded/cluster.js';
import { healLeftovers, readPidFile } from './embedded/leftovers.js';

export interface EmbeddedPostgresOptions {
  /** Folder for cluster, password and log; made when missing, closed to others. */
  readonly dataDir: string;
  /** TCP port on 127.0.0.1. @default a free one */
  readonly port?: number;
  readonly log?: Logger;
  /** Called when a step begins, with its name for people. */
  readonly onStep?: (step: string) => void;
  /** Called once when the server ends without `stop`. */
  readonly onExit?: (reason: string) => void;
}

export interface EmbeddedPostgres {
  /** Connection URL with the password: a secret. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it in order (fast shutdown, then immediate) and resolves when the process is gone. May be called again. */
  stop(): Promise<void>;
}

/** After this long a fast shutdown becomes an immediate one, which is as safe but recovers at the next start, ms. */
const FAST_SHUTDOWN_MS = 6_000;

/** How long, and how often, to wait for the last backends of a killed server, ms. */
const ORPHANS_MS = 15_000;
const ORPHANS_PAUSE_MS = 250;

/** How long recovery after a crash may take before the start counts as failed, ms. */
const START_MS = 300_000;

/**
 * Starts the Postgres that npm has brought, on loopback TCP only, and heals what a killed run has left (a running server, a
 * stale lock file, a half-made cluster).
 * @throws FleetlogError with one sentence and the remedy
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const onStep = options.onStep ?? (() => undefined);
  const binaries = await findPostgresBinaries();
  await prepareFolder(dataDir);
  const account = await pickAccount(dataDir, binaries.postgres);
  const password = await ensureCluster(dataDir, binaries.initdb, account, onStep);
  await healLeftovers(clusterPaths(dataDir).cluster, onStep);
  const port = options.port ?? (await freePort());
  onStep('Starting Postgres');
  const server = await launchUntilReady(dataDir, binaries.postgres, account, port);
  const stop = stopper(server);
  try {
    const url = (database: string) => `postgres://${EMBEDDED_NAME}:${password}@127.0.0.1:${port}/${database}`;
    await ensureDatabase(url('postgres'));
    watch(server, options);
    const pid = server.process.pid ?? 0;
    options.log?.info({ port, pid }, 'Postgres has started');
    return { url: url(EMBEDDED_NAME), port, pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Server {
  readonly process: ChildProcess;
  /** Resolves with what ended the process. */
  readonly ended: Promise<string>;
  hasEnded: boolean;
  stopRequested: boolean;
}

/** Starts the server; again and again while backends of a killed one are still on their way out. */
async function launchUntilReady(dataDir: string, postgres: string, account: Account, port: number): Promise<Server> {
  for (let waited = 0; ; waited += ORPHANS_PAUSE_MS) {
    const server = await launch(dataDir, postgres, account, port);
    try {
      await ready(server, dataDir);
      return server;
    } catch (error) {
      await stopper(server)();
      const said = await readFile(clusterPaths(dataDir).log, 'utf8');
      if (waited >= ORPHANS_MS || !said.includes('pre-existing shared memory block')) throw error;
      await sleep(ORPHANS_PAUSE_MS);
    }
  }
}

async function launch(dataDir: string, postgres: string, account: Account, port: number): Promise<Server> {
  const { cluster, log } = clusterPaths(dataDir);
  await rename(log, `${log}.previous`).catch(() => undefined); // none at the first start
  const output = await open(log, 'w', 0o600);
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    log_min_messages: 'log', // errors of statements are told to the client that sent them
    log_min_error_statement: 'panic', // no SQL, and so no payload, in the log (SEC-140)
    log_checkpoints: 'off',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  try {
    // Its own process group: Ctrl-C on the terminal reaches Fleetlog alone, which then stops Postgres in its order.
    const child = account.spawn(postgres, ['-D', cluster, ...args], {
      cwd: dataDir,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    const server: Server = {
      process: child,
      hasEnded: false,
      stopRequested: false,
      ended: new Promise((resolveEnd) => {
        child.once('error', (error) => resolveEnd(error.message));
        child.once('exit', (code, signal) => resolveEnd(signal ?? `exit code ${code ?? 0}`));
      }),
    };
    void server.ended.then(() => (server.hasEnded = true));
    return server;
  } finally {
    await output.close();
  }
}

/** Waits until `postmaster.pid` of this very process says that connections are taken. */
async function ready(server: Server, dataDir: string): Promise<void> {
  const { cluster, log } = clusterPaths(dataDir);
  for (let waited = 0; waited < START_MS; waited += 25) {
    if (server.hasEnded) throw startFailure(await readFile(log, 'utf8'), dataDir);
    const lock = await readPidFile(cluster);
    if (lock?.status === 'ready' && lock.pid === server.process.pid) return;
    await sleep(25);
  }
  throw startFailure('it takes no connections', dataDir);
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [EMBEDDED_NAME]);
    if (rowCount === 0) await client.query(`create database ${EMBEDDED_NAME}`);
  } finally {
    await client.end();
  }
}

function watch(server: Server, { onExit, log }: EmbeddedPostgresOptions): void {
  void server.ended.then((reason) => {
    if (server.stopRequested) return;
    log?.error({ reason }, 'Postgres has ended');
    onExit?.(reason);
  });
}

function stopper(server: Server): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    server.stopRequested = true;
    server.process.kill('SIGINT');
    const hurry = setTimeout(() => server.process.kill('SIGQUIT'), FAST_SHUTDOWN_MS);
    await server.ended;
    clearTimeout(hurry);
  };
  return () => (stopping ??= stop());
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolvePort(port));
    });
  });
}
