// `npm run check`: what a reviewer should not have to look for.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFaults } from './checks/packages.js';
import { treeFaults } from './checks/source.js';
import { createSteps, runTool, StepError } from './steps.js';
import { ROOT, setUp } from './setup.js';

await runTool(async () => {
  const steps = createSteps();
  await setUp(steps, { kafka: false });
  const bin = (path) => join(ROOT, 'node_modules', path);
  const checks = [
    ['types', [bin('typescript/bin/tsc'), '--noEmit', '-p', 'test/tsconfig.json']],
    ['types of tests of the dashboard', [bin('typescript/bin/tsc'), '-p', 'test/unit/dashboard/tsconfig.json']],
    ['types of the dashboard', [bin('typescript/bin/tsc'), '-p', 'src/api/dashboard/tsconfig.json']],
    ['lint', [bin('eslint/bin/eslint.js'), '--max-warnings=0', 'src', 'test', 'tools']],
    [
      'import rules',
      [bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'src'],
    ],
    ['unused code', [bin('knip/bin/knip.js')]],
    ['OpenAPI', [join(ROOT, 'tools/check-openapi.js')]],
    ['mutations', [join(ROOT, 'tools/mutations.js'), '--check']],
    ['documentation', [join(ROOT, 'tools/docs.js'), '--check']],
    ['format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.']],
  ];
  let failed = 0;
  for (const [name, command] of checks) {
    steps.begin(name);
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (status === 0) steps.end();
    else {
      steps.abandon();
      process.stdout.write(`${stdout}${stderr}`);
      failed++;
    }
  }
  steps.begin('packages and what imports them');
  const faults = await packagesAndSources();
  if (faults.length === 0) steps.end();
  else {
    steps.abandon();
    process.stdout.write(`${faults.join('\n')}\n`);
    failed++;
  }
  if (failed > 0) throw new StepError(`${failed} of ${checks.length + 1} checks failed.`);
});

async function packagesAndSources() {
  const [lock, manifest] = await Promise.all(
    ['package-lock.json', 'package.json'].map(async (file) => JSON.parse(await readFile(join(ROOT, file), 'utf8'))),
  );
  return [...packageFaults(lock, manifest), ...(await treeFaults(ROOT, manifest))];
}
