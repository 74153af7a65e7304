// `npm run bench -- NAME [--json] [--quick] [--record]`: all set-up, then one benchmark of test/bench/; with `--record` what a
// verified run has printed goes into docs/reference/benchmark-runs.md.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { recordBenchmark } from './docs/recorded-benchmarks.js';
import { createSteps, runTool, StepError } from './steps.js';
import { ROOT, setUp } from './setup.js';

await runTool(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean', default: false }, record: { type: 'boolean' } },
  });
  const [name] = positionals;
  const file = join(ROOT, 'test/bench', `${name}.bench.js`);
  if (!name || !existsSync(file)) {
    const names = (await readdir(join(ROOT, 'test/bench')))
      .filter((entry) => entry.endsWith('.bench.js'))
      .map((entry) => entry.slice(0, -'.bench.js'.length));
    throw new StepError(`Name a benchmark: ${names.join(', ')}.`);
  }
  await setUp(createSteps(process.stderr), { kafka: true });
  const { run } = await import(pathToFileURL(file).href);
  const result = await run({ quick: values.quick, log: (line) => process.stderr.write(`${line}\n`) });
  process.stdout.write(`${JSON.stringify(result, null, values.json ? undefined : 2)}\n`);
  if (!result.verified) return 1;
  if (values.record)
    await recordBenchmark(join(ROOT, 'docs/reference/benchmark-runs.md'), result, values.quick ? 'quick' : 'full');
  return 0;
});
