import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Account } from './account.js';

/** Name of the superuser and of the database of an embedded Postgres. */
export const EMBEDDED_NAME = 'fleetlog';

const UNFINISHED = 'cluster.unfinished-';

/**
 * Small files of the write-ahead log. Each new one is filled with zeros and flushed while all commits wait: 57 ms for the 16 MiB that
 * are usual, which came every 2.5 s at 8,700 messages a second (bench `ingest`). How much of the log there may be follows from the
 * size of a file unless it is set; here it is what it would be with large ones, or there would be a checkpoint every few seconds.
 */
const WAL = ['--wal-segsize=2', '--set=min_wal_size=80MB', '--set=max_wal_size=1GB'];

/** Where an embedded Postgres keeps its things below `dataDir`. */
export function clusterPaths(dataDir: string) {
  return { cluster: join(dataDir, 'cluster'), password: join(dataDir, 'password'), log: join(dataDir, 'postgres.log') };
}

/** Makes the folder that holds cluster, password and log, for its owner only. */
export async function prepareFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
}

/**
 * Makes the cluster once. `initdb` works in a folder of its own which is renamed when all of it is done, so a cluster is
 * there whole or not at all, whenever the process was killed.
 * @returns the superuser's password
 */
export async function ensureCluster(
  dataDir: string,
  initdb: string,
  account: Account,
  onStep: (step: string) => void,
): Promise<string> {
  const paths = clusterPaths(dataDir);
  await removeUnfinished(dataDir);
  if (existsSync(paths.cluster)) return readFile(paths.password, 'utf8');
  onStep('Creating the database cluster');
  const password = randomBytes(24).toString('base64url');
  await writeFile(paths.password, password, { mode: 0o600 });
  const unfinished = join(dataDir, `${UNFINISHED}${randomBytes(4).toString('hex')}`);
  const passwordForInitdb = `${unfinished}.password`;
  await writeFile(passwordForInitdb, password, { mode: 0o600 });
  await account.own(passwordForInitdb);
  await runInitdb(dataDir, initdb, account, [
    ...['-D', unfinished, '--encoding=UTF8', '--locale=C', `--username=${EMBEDDED_NAME}`, ...WAL],
    ...['--auth=scram-sha-256', `--pwfile=${passwordForInitdb}`, '--no-instructions'],
  ]);
  await rm(passwordForInitdb);
  await rename(unfinished, paths.cluster);
  return password;
}

async function removeUnfinished(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(UNFINISHED));
  await Promise.all(names.map((name) => rm(join(dataDir, name), { recursive: true, force: true })));
}

async function runInitdb(dataDir: string, initdb: string, account: Account, args: readonly string[]): Promise<void> {
  const child = account.spawn(initdb, args, { cwd: dataDir, stdio: ['ignore', 'ignore', 'pipe'] });
  const complaints: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => complaints.push(chunk));
  const failure = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : Buffer.concat(complaints).toString('utf8').trim()));
  });
  if (failure !== undefined) throw startFailure(failure, dataDir);
}

/** One sentence with the remedy for what Postgres or `initdb` has said. */
export function startFailure(said: string, dataDir: string): FleetlogError {
  const cause = new Error(said);
  if (/No space left on device/i.test(said)) {
    return new FleetlogError(
      'JOURNAL_UNAVAILABLE',
      `The disk that holds ${dataDir} is full: make room and start again.`,
      { cause },
    );
  }
  if (/could not bind|Address already in use|could not create any TCP/i.test(said)) {
    return new FleetlogError(
      'JOURNAL_UNAVAILABLE',
      'The port of the embedded Postgres is taken: choose another one, or none for a free one.',
      { cause },
    );
  }
  if (/initialized by PostgreSQL version|incompatible with server/i.test(said)) {
    return new FleetlogError(
      'JOURNAL_UNAVAILABLE',
      `${dataDir} was written by another major version of Postgres: run the version that wrote it, or dump and restore.`,
      { cause },
    );
  }
  const line = said.split('\n').find((one) => /FATAL|error/i.test(one)) ?? said.split('\n').at(-1) ?? '';
  return new FleetlogError(
    'JOURNAL_UNAVAILABLE',
    `The embedded Postgres in ${dataDir} did not start (${line.trim()}): see postgres.log there.`,
    { cause },
  );
}
