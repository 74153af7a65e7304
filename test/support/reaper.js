// Outlives a run of tests that was killed. Its standard input ends with the run, in whatever way that ends; then it ends every
// process that still names the run's folder (Postgres, Kafka, browsers), unmounts what is mounted in it, and removes it.
import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const ORDERLY_MS = 10_000;
const [folder] = process.argv.slice(2);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.stdin.resume().once('close', () => void reap());

async function reap() {
  // In order first: Postgres ends when its clients have.
  for (const until = Date.now() + ORDERLY_MS; Date.now() < until && signalAll('SIGTERM') > 0;) await sleep(500);
  signalAll('SIGKILL');
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  for (const place of mounts.split('\n').map((line) => line.split(' ')[1] ?? ''))
    if (place.startsWith(folder)) execFileSync('umount', ['-l', place]);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** @returns how many processes name the folder */
function signalAll(signal) {
  const lines = execFileSync('ps', ['-Awwo', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const left = lines
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid);
  for (const pid of left) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
  return left.length;
}
