// The last run of each fault as it stands in docs/reference/faults.md: written by `npm run test:faults -- --record`.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';

const BEGIN = '<!-- recorded: faults -->';
const END = '<!-- end of recorded faults -->';

/**
 * Puts the lines of a run in the place of the earlier ones of the same faults; those that were not played keep theirs.
 * @param {string} page path of the page
 * @param {readonly { id: string, line: string, seconds: number }[]} played what each fault that held has printed
 */
export async function recordFaults(page, played, now = new Date()) {
  const text = await readFile(page, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`${page} lacks the markers ${BEGIN} and ${END}`);
  const entries = new Map();
  for (const entry of text.slice(from + BEGIN.length, to).matchAll(/^- \*\*(F-\d\d)\*\* .*$/gm))
    entries.set(entry[1], entry[0]);
  const when = `${now.toISOString().slice(0, 10)}, ${machine()}`;
  for (const { id, line, seconds } of played) entries.set(id, `- **${id}** (${when}, ${seconds} s): ${line}`);
  const list = [...entries].sort(([a], [b]) => a.localeCompare(b)).map(([, entry]) => entry);
  await writeFile(page, `${text.slice(0, from + BEGIN.length)}\n\n${list.join('\n')}\n\n${text.slice(to)}`);
}

function machine() {
  return `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}`;
}
