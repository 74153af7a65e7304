// `node tools/docs.js`: writes the generated parts of docs/ from the built source. With `--check` it writes nothing
// and fails when a generated part is out of date, a relative link or anchor leads nowhere, or the README has grown too long.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import prettier from 'prettier';
import { brokenLinks, documentationFiles } from './docs/links.js';
import { GENERATED } from './docs/tables.js';
import { runTool } from './steps.js';

const ROOT = join(import.meta.dirname, '..');
const README_LINES = 150;

await runTool(async () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const faults = [];
  for (const [page, parts] of Object.entries(GENERATED)) {
    const file = join(ROOT, 'docs', page);
    const current = await readFile(file, 'utf8');
    const wanted = await withGeneratedParts(page, current, parts);
    if (wanted === current) continue;
    if (values.check) faults.push(`docs/${page} is out of date; write it with: node tools/docs.js`);
    else await writeFile(file, wanted);
  }
  if (values.check) {
    faults.push(...(await brokenLinks(ROOT, await documentationFiles(ROOT))));
    const lines = (await readFile(join(ROOT, 'README.md'), 'utf8')).trimEnd().split('\n').length;
    if (lines > README_LINES) faults.push(`README.md has ${lines} lines, ${README_LINES} are its limit`);
  }
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  return faults.length > 0 ? 1 : 0;
});

/** Replaces what stands between the markers of each part. */
async function withGeneratedParts(page, text, parts) {
  let result = text;
  for (const [part, generate] of Object.entries(parts)) {
    const [begin, end] = [`<!-- generated: ${part} -->`, `<!-- end of ${part} -->`];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`docs/${page} lacks the markers of "${part}"`);
    result = `${result.slice(0, from + begin.length)}\n\n${(await generate()).trim()}\n\n${result.slice(to)}`;
  }
  return prettier.format(result, { ...(await prettier.resolveConfig(join(ROOT, 'README.md'))), parser: 'markdown' });
}
