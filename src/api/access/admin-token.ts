import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';

export interface FirstAdminToken {
  readonly token: string;
  /** Where a person finds it. */
  readonly file: string;
}

/** The first admin's token: the given one, or one that is made once and kept in a file which only its owner reads (SEC-143). */
export async function firstAdminToken(given: string | undefined, dataDir: string): Promise<FirstAdminToken> {
  if (given !== undefined) return { token: given, file: 'as set by FLEETLOG_ADMIN_TOKEN' };
  const file = join(dataDir, 'admin-token');
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return { token: kept.trim(), file };
  const token = `flt_${randomBytes(32).toString('base64url')}`;
  await writeSecret(file, `${token}\n`);
  return { token, file };
}

/** What the command line needs to find this server by itself (`cli/settings.ts` reads it). */
export async function writeCliAccess(
  dataDir: string,
  access: {
    readonly url: string;
    readonly token: string;
    readonly mqtt: { readonly host: string; readonly port: number | null };
  },
): Promise<void> {
  await writeSecret(join(dataDir, 'cli.json'), JSON.stringify(access));
}

/** A server that nobody waits for, as in a container, can show a generated password to nobody: it goes into a file like the token. */
export async function writeGeneratedPassword(
  dataDir: string,
  password: string | undefined,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  if (password === undefined) return;
  const file = join(dataDir, 'admin-password');
  await writeSecret(file, `${password}\n`);
  logger.warn({ file }, 'The password of the user admin was generated; read the file, sign in, remove it');
}

async function writeSecret(file: string, content: string): Promise<void> {
  await writeFile(file, content, { mode: 0o600 });
  await chmod(file, 0o600); // the mode above counts for a new file only
}
