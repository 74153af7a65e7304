// The last run of each fault as it stands in docs/reference/faults.md: written by `npm run test:faults -- --record`.
import { availableParallelism, totalmem } from 'node:os';
import { changeRecorded } from './recorded-section.js';

/**
 * Puts the lines of a run in the place of the earlier ones of the same faults; those that were not played keep theirs.
 * @param {string} page path of the page
 * @param {readonly { id: string, line: string, seconds: number }[]} played what each fault that held has printed
 */
export function recordFaults(page, played, now = new Date()) {
  const when = `${now.toISOString().slice(0, 10)}, ${machine()}`;
  return changeRecorded(page, 'faults', (section) => {
    const entries = new Map(Array.from(section.matchAll(/^- \*\*(F-\d\d)\*\* .*$/gm), ([entry, id]) => [id, entry]));
    for (const { id, line, seconds } of played) entries.set(id, `- **${id}** (${when}, ${seconds} s): ${line}`);
    return [...entries]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([, entry]) => entry)
      .join('\n');
  });
}

function machine() {
  return `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}`;
}
