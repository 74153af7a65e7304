// `npm run bench -- NAME [--json] [--quick]`: all set-up, then one benchmark of test/bench/.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createSteps, runTool, StepError } from './steps.js';
import { ROOT, setUp } from './setup.js';

await runTool(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
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
  const result = await run({ quick: values.quick ?? false, log: (line) => process.stderr.write(`${line}\n`) });
  process.stdout.write(`${JSON.stringify(result, null, values.json ? undefined : 2)}\n`);
  return result.verified ? 0 : 1;
});
