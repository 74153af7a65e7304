// Everything between a fresh clone and a program that can start. Plain JavaScript: it runs before anything is installed.
// A step leaves a mark when it is complete, so that a later start skips it and an interrupted one does it again.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard, writeContractTypes } from './dashboard.js';
import { StepError } from './steps.js';

// Not `import.meta.dirname`: an old Node must get as far as being told that it is too old.
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NEEDED_NODE = [20, 19];
const NEEDED_DISK_BYTES = 1 << 30;

/**
 * @param {ReturnType<typeof import('./steps.js').createSteps>} steps
 * @param {{ kafka: boolean }} wanted
 * @returns {Promise<{ kafkaOff?: string }>} why there is no local Kafka, when it was wanted and cannot be
 */
export async function setUp(steps, { kafka }) {
  checkNode();
  await checkDisk();
  await steps.run('dependencies', installDependencies);
  await steps.run('build', build);
  return kafka ? fetchLocalKafka(steps) : {};
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  throw new StepError(
    `Node ${NEEDED_NODE.join('.')} or newer is needed, this is ${process.versions.node}: install a current Node and start again.`,
  );
}

async function checkDisk() {
  const { bavail, bsize } = await statfs(ROOT);
  if (bavail * bsize < NEEDED_DISK_BYTES)
    throw new StepError('Less than 1 GB of disk is free: free some space and start again; what is done is kept.');
}

async function installDependencies(progress) {
  const mark = join(ROOT, 'node_modules', '.fleetlog-installed');
  const wanted = `${await sha256(join(ROOT, 'package-lock.json'))} ${process.platform} ${process.arch} ${process.versions.modules}`;
  if ((await readText(mark)) === wanted) return;
  await runCommand('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    progress,
    failure: 'The dependencies could not be installed',
  });
  await writeFile(mark, wanted);
}

/** Compiles `src/` into `dist/`, copies what the compiler leaves out, and bundles the dashboard. */
export async function build(progress = () => {}) {
  const mark = join(ROOT, 'dist', '.fleetlog-built');
  const wanted = await sourceFingerprint();
  if ((await readText(mark)) === wanted) return;
  await rm(mark, { force: true });
  await runCommand(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', ROOT], {
    progress,
    failure: 'The source does not compile',
  });
  for (const file of await sourceFiles()) {
    if (file.endsWith('.ts') || file.startsWith(join('src', 'api', 'dashboard'))) continue;
    const target = join(ROOT, 'dist', file.slice('src/'.length));
    await mkdir(dirname(target), { recursive: true });
    await cp(join(ROOT, file), target);
  }
  await Promise.all([buildDashboard(), writeContractTypes()]);
  await writeFile(mark, wanted);
}

async function fetchLocalKafka(steps) {
  const { fetchKafka, kafkaPrerequisites } = await import('./kafka/fetch.js');
  const prerequisites = await kafkaPrerequisites();
  if (!prerequisites.ok) {
    steps.off(
      `Kafka off (${prerequisites.reason}): events wait in the journal; attach Kafka any time, the relay starts at position 0`,
    );
    return { kafkaOff: prerequisites.reason };
  }
  await steps.run('Kafka, fetched once', (progress) => fetchKafka({ onProgress: progress }));
  return {};
}

/** Names, sizes and times of all sources: changes when a build is due. */
async function sourceFingerprint() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'tsconfig.json', 'tools/dashboard.js', ...(await sourceFiles())]) {
    const { size, mtimeMs } = await stat(join(ROOT, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

async function sourceFiles() {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .sort();
}

/** Runs a program quietly; its output is shown only when it fails. */
export async function runCommand(command, args, { progress = () => {}, failure, env }) {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32' && command === 'npm',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000);
      progress('');
    });
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code === 0) return;
  if (/ENOSPC|No space left/.test(output))
    throw new StepError('The disk is full: free some space and start again; what is done is kept.');
  throw new StepError(`${failure}:\n${output.trim()}`);
}

async function sha256(file) {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

async function readText(file) {
  return readFile(file, 'utf8').catch(() => undefined);
}
