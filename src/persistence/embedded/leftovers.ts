import { readFile, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

import { FleetlogError } from '../../actors/kernel/errors.js';

const run = promisify(execFile);

/** How long each kind of shutdown may take before the next harder one is asked for, ms. */
const PATIENCE = { fast: 15_000, immediate: 5_000 };

/** Lines of `postmaster.pid`, see `src/include/utils/pidfile.h` of Postgres. */
export interface PidFile {
  readonly pid: number;
  /** `ready` once connections are taken. */
  readonly status: string;
}

/** Reads the lock file of a running (or killed) server; `undefined` when there is none. */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), status: (lines[7] ?? '').trim() };
}

/** Stops the server that a killed run has left on this cluster, and sees to a lock file that means somebody else. */
export async function healLeftovers(cluster: string, onStep: (step: string) => void): Promise<void> {
  const left = await readPidFile(cluster);
  if (left === undefined || !isAlive(left.pid)) return; // Postgres itself sees through the lock file of a dead process
  if (!(await servesCluster(left.pid, cluster))) {
    await disownLockFile(cluster);
    return;
  }
  onStep('Stopping the Postgres that an earlier run has left');
  process.kill(left.pid, 'SIGINT');
  if (await hasEnded(left.pid, PATIENCE.fast)) return;
  process.kill(left.pid, 'SIGQUIT');
  if (await hasEnded(left.pid, PATIENCE.immediate)) return;
  throw new FleetlogError(
    'JOURNAL_UNAVAILABLE',
    `A Postgres of an earlier run (process ${left.pid}) does not stop: end it by hand.`,
  );
}

/**
 * The number in the lock file belongs to another program by now (or to a zombie). Postgres takes the number of its own parent
 * for stale; with the file removed it would no longer check that no orphan holds the shared memory.
 */
async function disownLockFile(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid');
  await writeFile(path, (await readFile(path, 'utf8')).replace(/^\d+/, String(process.pid)));
}

/** Whether the process is a Postgres server on exactly this cluster: its command line says `postgres -D <cluster>`. */
async function servesCluster(pid: number, cluster: string): Promise<boolean> {
  const words = await commandLine(pid);
  return words.includes(cluster) && /^postgres(\.exe)?$/.test(basename(words.split(/[\0 ]+-D[\0 ]/)[0] ?? ''));
}

async function commandLine(pid: number): Promise<string> {
  const fromProc = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (fromProc !== undefined) return fromProc;
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function hasEnded(pid: number, patienceMs: number): Promise<boolean> {
  for (let waited = 0; waited < patienceMs; waited += 50) {
    if (!isAlive(pid)) return true;
    await sleep(50);
  }
  return !isAlive(pid);
}
