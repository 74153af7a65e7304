import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import type { ReadyMessage } from '../../src/process.js';

/** A start takes seconds; one that hangs is killed and shown with its log. */
const READY_MS = 60_000;
const ROOT = join(import.meta.dirname, '../..');
const FAILPOINTS = join(import.meta.dirname, 'failpoints.js');

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
  /** Asks the preloaded failpoints for a fault (`failpoints.js`). */
  arm(fault: ArmedFault): void;
  /** Resolves with exit code or signal when the process has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** One REST call under `/api/v1` as the first admin. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** A fault at a place that the process reaches by itself. */
export interface Failpoint {
  readonly at: FailpointName;
  /** The how manieth visit it strikes; later ones, too, when it lets the process live. @default 1 */
  readonly nth?: number;
  /** Only what speaks of this counts: an event type, a device. */
  readonly of?: string;
  readonly act: 'SIGKILL' | 'SIGSTOP' | 'throw' | 'disk-full';
  /** Of the error that is thrown, characters. */
  readonly messageLength?: number;
}

/** What `failpoints.js` understands. */
export type ArmedFault =
  | Failpoint
  /** Disarms. */
  | { readonly at: 'none' }
  /** A busy loop of so many ms. */
  | { readonly at: 'event-loop'; readonly blockMs: number };

export type FailpointName =
  | 'before-append'
  | 'before-commit'
  | 'after-insert'
  | 'before-puback'
  | 'in-snapshot'
  | 'in-decide'
  | 'in-evolve'
  | 'in-hook'
  | 'in-projection';

export interface FleetlogOptions {
  readonly dataDir: string;
  /** Folder with `dist/main.js`. @default this package */
  readonly root?: string;
  /** Preloads `failpoints.js`. */
  readonly failpoints?: boolean;
  /** Flags of Node.js. */
  readonly nodeFlags?: readonly string[];
  /** Where standard output and error go instead of `log()`: a descriptor. */
  readonly output?: number;
  /** Told the process id before the process is ready. */
  readonly onSpawn?: (pid: number) => void;
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
  const child = fork(join(options.root ?? ROOT, 'dist/main.js'), [], {
    env,
    stdio: ['ignore', options.output ?? 'pipe', options.output ?? 'pipe', 'ipc'],
    execArgv: [...(options.nodeFlags ?? []), ...(options.failpoints ? ['--import', FAILPOINTS] : [])],
  });
  options.onSpawn?.(child.pid ?? 0);
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-100_000)));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 1)),
  );
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
    arm: (fault) => void child.send(fault),
    ended,
    async call(method, path, body, headers = {}) {
      const token = (await readFile(ready.tokenFile, 'utf8')).trim();
      const ask = () =>
        fetch(`${ready.url}/api/v1${path}`, {
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
      // More than a token may ask in a second: a patient client waits as it is told.
      let response = await ask();
      for (; response.status === 429; response = await ask())
        await sleep(Number(response.headers.get('retry-after') ?? 1) * 1_000);
      return response;
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
