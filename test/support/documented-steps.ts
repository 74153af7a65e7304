import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A section of a page of docs/, with what its reader is told to type. */
export interface DocumentedStep {
  readonly title: string;
  /** Its `sh` blocks, in order. */
  readonly blocks: readonly string[];
}

/** The sections of a page that have something to type. */
export async function readSteps(page: string): Promise<readonly DocumentedStep[]> {
  const text = await readFile(join(ROOT, 'docs', page), 'utf8');
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      blocks: [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!),
    }))
    .filter(({ blocks }) => blocks.length > 0);
}

/** A reader's shell: what one block sets, later ones still know. */
export interface ReadersShell {
  /** Runs one block as it stands on the page. Rejects, with what was printed, when a line of it fails. */
  type(block: string): Promise<string>;
}

/** @param replaced what differs between the page and the test: addresses, as text on the page → text here */
export function openShell(folder: string, replaced: Readonly<Record<string, string>>): ReadersShell {
  return {
    async type(block) {
      let script = block;
      for (const [there, here] of Object.entries(replaced)) script = script.replaceAll(there, here);
      const remember =
        'declare -p $(compgen -v | grep -x "TOKEN\\|API\\|KAFKA\\|FINGERPRINT") > variables 2>/dev/null || true';
      const { stdout } = await run(
        'bash',
        ['-c', `set -eo pipefail\n[ ! -f variables ] || source ./variables\n${script}\n${remember}`],
        { cwd: folder, timeout: 60_000 },
      );
      return stdout;
    },
  };
}
