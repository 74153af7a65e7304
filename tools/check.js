// `npm run check`: what a reviewer should not have to look for.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSteps, runTool, StepError } from './steps.js';
import { ROOT, setUp } from './setup.js';

/** SEC-100, SEC-160: never in the tree, not even through another package. */
const FORBIDDEN = [
  'vm2',
  'isolated-vm',
  'jsonata',
  'expr-eval',
  'multer',
  'lodash.merge',
  'lodash.set',
  'fast-json-patch',
];
/** SEC-160: least versions whose advisories are mended. */
const AT_LEAST = {
  aedes: '1.2.0',
  'mqtt-packet': '9.0.2',
  'aedes-persistence': '11.0.0',
  'node-forge': '1.4.3',
  express: '5.3.0',
  'body-parser': '2.3.0',
  qs: '6.16.0',
  'path-to-regexp': '8.4.0',
  ajv: '8.18.0',
  kafkajs: '2.2.4',
};
const EXACT = { kafkajs: '2.2.4', nact: '7.6.2', aedes: '1.2.0', mqemitter: '7.1.0' };

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
  steps.begin('packages');
  const faults = await packageFaults();
  if (faults.length === 0) steps.end();
  else {
    steps.abandon();
    process.stdout.write(`${faults.join('\n')}\n`);
    failed++;
  }
  if (failed > 0) throw new StepError(`${failed} of ${checks.length + 1} checks failed.`);
});

async function packageFaults() {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  const installed = Object.entries(lock.packages).map(([path, entry]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 13),
    path,
    entry,
  }));
  return installed.flatMap(({ name, path, entry }) => [
    ...(FORBIDDEN.includes(name) ? [`${path} is a forbidden package`] : []),
    ...(entry.resolved?.startsWith('http') ? [`${path} carries a download address; see .npmrc`] : []),
    // A copy that only development packages use is theirs to mend.
    ...(AT_LEAST[name] && !entry.dev && older(entry.version, AT_LEAST[name])
      ? [`${path} ${entry.version} is older than ${AT_LEAST[name]}`]
      : []),
    ...(EXACT[name] && entry.version !== EXACT[name]
      ? [`${path} ${entry.version} must be exactly ${EXACT[name]}: its internals are used`]
      : []),
  ]);
}

function older(version, least) {
  const [a, b] = [version, least].map((text) => text.split('-')[0].split('.').map(Number));
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}
