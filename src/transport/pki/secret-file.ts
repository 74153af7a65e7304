import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StartRefused } from '../../actors/kernel/errors.js';

const UNFINISHED = '.unfinished';

/** Makes the folder for secrets (0700) and removes what an earlier run did not finish writing. */
export async function openSecretFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  await Promise.all(names.filter((name) => name.endsWith(UNFINISHED)).map((name) => rm(join(folder, name))));
}

/**
 * Text of a secret file, `undefined` when there is none.
 * @throws StartRefused when others than the owner may read it
 */
export async function readSecretFile(path: string): Promise<string | undefined> {
  let mode: number;
  try {
    ({ mode } = await stat(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // Windows has no such bits: there the folder's access list counts.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new StartRefused(
      `Others than the owner may read the secret file ${path}: run "chmod 600 ${path}" and start again.`,
    );
  }
  return readFile(path, 'utf8');
}

/** Writes a secret file (0600) so that a crash at any instant leaves the old content or the new one, on the disk. */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  await rm(unfinished, { force: true });
  const file = await open(unfinished, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  await syncFolder(dirname(path));
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there, and NTFS journals the rename
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
