// Fetches the jars of a real Apache Kafka with Maven, once, into a cache outside the clone. Plain JavaScript: it runs before
// anything is installed.
import { execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StepError } from '../steps.js';

const POM = join(import.meta.dirname, 'pom.xml');
const NEEDED_JAVA = 17;
/** Written last into the folder: its jars are complete. */
const COMPLETE = '.complete';

const run = promisify(execFile);

/** Folder of the fetched jars, whether they are there or not. `src/transport/kafka/local-broker.ts` reads the same place. */
async function libraryFolder() {
  const version = /<kafka\.version>([^<]+)</.exec(await readFile(POM, 'utf8'))?.[1];
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fleetlog', `kafka-${version}`);
}

/**
 * Whether a local Kafka can run here.
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>} the reason completes "Kafka off (…)"
 */
export async function kafkaPrerequisites() {
  const java = await javaVersion();
  if (java === undefined || java < NEEDED_JAVA) {
    return { ok: false, reason: `Java ${NEEDED_JAVA}+ not found${java === undefined ? '' : `, this is Java ${java}`}` };
  }
  if (await isFetched(await libraryFolder())) return { ok: true };
  const maven = await run('mvn', ['--version']).then(
    () => true,
    () => false,
  );
  return maven ? { ok: true } : { ok: false, reason: 'Maven not found' };
}

/**
 * Fetches Kafka unless it is there. An interrupted fetch leaves nothing that a later one would trust.
 * @param {{ onProgress?: (detail: string) => void }} [options]
 * @returns {Promise<string>} the folder of the jars
 */
export async function fetchKafka({ onProgress = () => {} } = {}) {
  const folder = await libraryFolder();
  if (await isFetched(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}-`);
  try {
    await copyJars(unfinished, onProgress);
    await writeFile(join(unfinished, COMPLETE), '');
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder).catch(async (error) => {
      // Another set-up was faster: its jars are as good as ours.
      if (!(await isFetched(folder))) throw error;
    });
    return folder;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function copyJars(folder, onProgress) {
  // -C: a jar whose checksum differs ends the fetch.
  const maven = spawn('mvn', ['-B', '-C', '-f', POM, `-Dkafka.lib=${folder}`, 'dependency:copy-dependencies'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let files = 0;
  for (const stream of [maven.stdout, maven.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000);
      files += String(chunk).match(/^.*Downloaded from/gm)?.length ?? 0;
      if (files > 0) onProgress(`${files} files`);
    });
  }
  const code = await new Promise((resolve, reject) => maven.once('error', reject).once('close', resolve));
  if (code === 0) return;
  if (/No space left/.test(output))
    throw new StepError('The disk is full: free some space and start again; what is done is kept.');
  const reason = /\[ERROR\] (.*)/.exec(output)?.[1] ?? output.trim();
  throw new StepError(
    `Kafka could not be fetched with Maven (${reason}); start again when the network is there, or set KAFKA_BROKERS=off.`,
  );
}

async function isFetched(folder) {
  return access(join(folder, COMPLETE)).then(
    () => true,
    () => false,
  );
}

/** Major version of the `java` on the path; `undefined` without one. */
async function javaVersion() {
  try {
    const { stderr } = await run('java', ['-version']);
    const [, major, minor] = /version "(\d+)(?:\.(\d+))?/.exec(stderr) ?? [];
    return major === '1' ? Number(minor) : Number(major);
  } catch {
    return undefined;
  }
}
