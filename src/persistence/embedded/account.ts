import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { chown } from 'node:fs/promises';

import { FleetlogError } from '../../actors/kernel/errors.js';

/**
 * The account under which Postgres runs. Postgres refuses uid 0, so a root process hands it to an unprivileged account;
 * everybody else runs it as themselves.
 */
export interface Account {
  /** Starts a program under this account. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Makes the account the owner of a file or folder. */
  own(path: string): Promise<void>;
}

const ownAccount: Account = {
  spawn: (command, args, options) => spawn(command, args, options),
  own: () => Promise.resolve(),
};

/** Accounts that a Unix may have without any set-up, the fitting one first. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/**
 * Picks the account. Folders above `dataDir` or above the binary may be closed for it (a clone in a 0700 temporary folder):
 * then, and only then, it gets the two capabilities that look past file permissions, through `setpriv`.
 * @param dataDir exists and is readable by its owner only
 * @param binary the program whose folder has to be reachable as well
 */
export async function pickAccount(dataDir: string, binary: string): Promise<Account> {
  if (process.getuid?.() !== 0) return ownAccount;
  const { uid, gid } = unprivilegedIds();
  await chown(dataDir, uid, gid);
  const own = (path: string) => chown(path, uid, gid);
  const probe = ['-c', '"$1" --version && ls "$2"', 'probe', binary, dataDir];
  if (spawnSync('sh', probe, { cwd: '/', uid, gid, stdio: 'ignore' }).status === 0) {
    return { own, spawn: (command, args, options) => spawn(command, args, { ...options, uid, gid }) };
  }
  const prefix = capabilityPrefix(uid, gid);
  if (spawnSync('setpriv', [...prefix, 'sh', ...probe], { cwd: '/', stdio: 'ignore' }).status === 0) {
    return { own, spawn: (command, args, options) => spawn('setpriv', [...prefix, command, ...args], options) };
  }
  throw new FleetlogError(
    'JOURNAL_UNAVAILABLE',
    `Embedded Postgres can't run as root, and the account ${uid} can't reach ${dataDir}: run Fleetlog as an ordinary user, or set DATABASE_URL.`,
  );
}

function unprivilegedIds(): { readonly uid: number; readonly gid: number } {
  for (const name of UNPRIVILEGED) {
    const uid = numericId('-u', name);
    const gid = numericId('-g', name);
    if (uid && gid) return { uid, gid };
  }
  throw new FleetlogError(
    'JOURNAL_UNAVAILABLE',
    "Embedded Postgres can't run as root and there is no account `postgres` or `nobody`: run Fleetlog as an ordinary user, or set DATABASE_URL.",
  );
}

/** Id of an account or of its group; `undefined` when there is no such account. */
function numericId(kind: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [kind, name], { encoding: 'utf8' });
  return status === 0 ? Number(stdout.trim()) : undefined;
}

function capabilityPrefix(uid: number, gid: number): string[] {
  const capabilities = '+dac_override,+dac_read_search';
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
  return [...identity, '--inh-caps', capabilities, '--ambient-caps', capabilities, '--'];
}
