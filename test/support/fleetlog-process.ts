import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { ReadyMessage } from '../../src/main.js';

/** A start takes seconds; one that hangs is killed and shown with its log. */
const READY_MS = 60_000;
const ROOT = join(import.meta.dirname, '../..');

/** The built server as a process of its own, so that it can be killed. */
export interface FleetlogProcess {
  readonly ready: ReadyMessage;
  readonly pid: number;
  /** Everything it wrote to standard error so far. */
  log(): string;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
  /** Cuts the line to the server, as the end of its parent would. */
  disconnect(): void;
  /** One REST call under `/api/v1` as the first admin. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface FleetlogOptions {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  readonly kafkaBrokers?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the server on free ports. Rejects with its last sentence when it ends before it is ready. */
export async function startFleetlog(options: FleetlogOptions): Promise<FleetlogProcess> {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    FLEETLOG_DATA_DIR: options.dataDir,
    KAFKA_BROKERS: options.kafkaBrokers ?? 'off',
    HTTP_PORT: '0',
    MQTTS_PORT: '0',
    LOG_FORMAT: 'json',
    LOG_LEVEL: 'warn',
    ...(options.databaseUrl !== undefined && {
      DATABASE_URL: options.databaseUrl,
      FLEETLOG_CA_PASSPHRASE: 'a passphrase for tests',
    }),
    ...options.env,
  };
  const child = fork(join(ROOT, 'dist/main.js'), [], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-100_000)));
  const ready = await untilReady(child, () => log);
  const end = (signal: NodeJS.Signals): Promise<number> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? 1);
      else {
        child.once('exit', (code) => resolve(code ?? 1));
        child.kill(signal);
      }
    });

  return {
    ready,
    pid: child.pid ?? 0,
    log: () => log,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    disconnect: () => child.disconnect(),
    async call(method, path, body, headers = {}) {
      const token = (await readFile(ready.tokenFile, 'utf8')).trim();
      return fetch(`${ready.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && {
            'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
          }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
  };
}

function untilReady(child: ChildProcess, log: () => string): Promise<ReadyMessage> {
  return new Promise((resolve, reject) => {
    let sentence = '';
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      sentence = `Fleetlog was not ready within ${READY_MS / 1000} s; its log:\n${log()}`;
    }, READY_MS);
    child.on('message', (message: { type: string; sentence?: string }) => {
      if (message.type === 'ready') {
        clearTimeout(late);
        resolve(message as unknown as ReadyMessage);
      }
      if (message.type === 'failed') sentence = message.sentence ?? '';
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(sentence || `Fleetlog ended with ${code} before it was ready:\n${log()}`));
    });
  });
}
