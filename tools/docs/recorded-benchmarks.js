// The last runs of each benchmark as they stand in docs/reference/benchmark-runs.md: written by `npm run bench -- NAME --record`.
import { changeRecorded } from './recorded-section.js';

/** So many runs of each benchmark and form are kept. */
const KEPT = 3;

/**
 * Adds a run, and drops those that are older than the newest three of the same benchmark and form.
 * @param {string} page path of the page
 * @param {{ bench: string }} result what the benchmark has printed
 * @param {'full' | 'quick'} form
 */
export function recordBenchmark(page, result, form, now = new Date()) {
  return changeRecorded(page, 'benchmarks', (section) => {
    const runs = Array.from(section.matchAll(/^\{.*\}$/gm), ([line]) => JSON.parse(line));
    const { bench, ...figures } = result;
    runs.push({ bench, form, at: `${now.toISOString().slice(0, 16)}Z`, ...figures });
    const kinds = [...new Set(runs.map(kindOf))].sort();
    const kept = kinds.flatMap((kind) => runs.filter((run) => kindOf(run) === kind).slice(-KEPT));
    return ['```ndjson', ...kept.map((run) => JSON.stringify(run)), '```'].join('\n');
  });
}

function kindOf({ bench, form }) {
  return `${bench} ${form}`;
}
