// `npm run test:mutations [-- --only ID,…]`: breaks the source on purpose, in a copy of it, and fails when the suite that must
// catch the break stays green. `--check` only looks whether each mutation still fits the source; `npm run check` does that.
import { spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MUTATIONS } from '../test/mutations/mutations.js';
import { ROOT, setUp } from './setup.js';
import { createSteps, runTool, StepError } from './steps.js';

const COPIED = [
  'src',
  'test',
  'migrations',
  'tools',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'jest.config.js',
];
/** A suite that hangs on a mutation has noticed it. */
const SUITE_MS = 240_000;

await runTool(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' }, check: { type: 'boolean', default: false } } });
  const wanted = chosen(values.only?.split(','));
  for (const mutation of wanted) await mutatedFiles(ROOT, mutation);
  if (values.check) return 0;
  const steps = createSteps();
  await setUp(steps, { kafka: true });
  const survivors = [];
  for (const mutation of wanted) {
    const caught = await runMutated(mutation);
    if (caught === undefined) survivors.push(mutation.id);
    process.stdout.write(
      caught === undefined
        ? `✗ ${mutation.id}: ${mutation.suite} stayed green although ${mutation.breaks}\n`
        : `✓ ${mutation.id}: ${mutation.breaks} – caught by "${caught}"\n`,
    );
  }
  process.stdout.write(`Mutations: ${wanted.length - survivors.length} caught, ${survivors.length} survived\n`);
  return survivors.length === 0 ? 0 : 1;
});

function chosen(ids) {
  const unknown = ids?.find((id) => !MUTATIONS.some((mutation) => mutation.id === id));
  if (unknown !== undefined)
    throw new StepError(`There is no mutation ${unknown}; there are ${MUTATIONS.map(({ id }) => id).join(', ')}.`);
  return ids ? MUTATIONS.filter(({ id }) => ids.includes(id)) : MUTATIONS;
}

/** @returns {Promise<Map<string, string>>} the changed files under `root` with their new text */
async function mutatedFiles(root, { id, edits }) {
  const files = new Map();
  for (const { file, find, replace } of edits) {
    const text = files.get(file) ?? (await readFile(join(root, file), 'utf8'));
    const parts = text.split(find);
    if (parts.length !== 2)
      throw new StepError(
        `The mutation ${id} no longer fits: ${JSON.stringify(find)} stands ${parts.length - 1} times in ${file}. Bring test/mutations/mutations.js up to date.`,
      );
    files.set(file, parts.join(replace));
  }
  return files;
}

/** @returns {Promise<string | undefined>} the first test that failed; `undefined` = the mutation survived */
async function runMutated(mutation) {
  const copy = await mkdtemp(join(tmpdir(), 'fleetlog-mutation-'));
  try {
    await chmod(copy, 0o755); // Postgres runs as another user and reads in here
    for (const name of COPIED) await cp(join(ROOT, name), join(copy, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const [file, text] of await mutatedFiles(copy, mutation)) await writeFile(join(copy, file), text);
    if (mutation.level !== 'unit') await run(copy, [join(copy, 'tools/build.js')]);
    const result = join(copy, 'result.json');
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    await run(copy, [
      ...flags,
      join(copy, 'node_modules/jest/bin/jest.js'),
      ...['--selectProjects', mutation.level, '--runInBand', '--bail', '--silent', '--json', `--outputFile=${result}`],
      ...['--', mutation.suite],
    ]);
    return firstFailure(await readFile(result, 'utf8').catch(() => undefined), mutation);
  } finally {
    await rm(copy, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A suite that cannot even be loaded has proved nothing. */
function firstFailure(result, { id, suite }) {
  if (result === undefined) return `${suite} (no end within ${SUITE_MS / 1000} s)`;
  const { numTotalTests, testResults } = JSON.parse(result);
  if (numTotalTests === 0)
    throw new StepError(`The suite ${suite} of the mutation ${id} ran no test:\n${testResults[0]?.message}`);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return tests.find(({ status }) => status === 'failed')?.fullName;
}

function run(cwd, args) {
  const child = spawn(process.execPath, args, { cwd, stdio: 'ignore', timeout: SUITE_MS, killSignal: 'SIGTERM' });
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
}
