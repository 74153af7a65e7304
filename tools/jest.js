// What every run of Jest needs: all set-up, the programs of others that the tests speak with, and an end in order.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createSteps, StepError } from './steps.js';
import { ROOT, runCommand, setUp } from './setup.js';

/** Real peers that the tests speak with, and the Debian package of each. */
const CLIENTS = { mosquitto_pub: 'mosquitto-clients', kcat: 'kcat', openssl: 'openssl' };
/** The browser, under whichever name it is installed. Without one its tests are reported as skipped, but never with `CI` set. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export async function prepareTests() {
  const steps = createSteps();
  const { kafkaOff } = await setUp(steps, { kafka: true });
  if (kafkaOff)
    throw new StepError(
      `The tests need a real Kafka: ${kafkaOff}. Install Java 17 or newer and Maven, then start again.`,
    );
  await steps.run('clients for the tests', installClients);
}

/** @returns {Promise<number>} its exit code */
export function runJest(args, env = {}) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = spawn(process.execPath, [...flags, join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  // Ctrl-C reaches Jest from the terminal; this process waits until it has stopped Postgres and Kafka.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  return new Promise((resolve) => jest.once('exit', (code) => resolve(code ?? 1)));
}

async function installClients(progress) {
  const missing = [
    ...new Set(
      Object.entries(CLIENTS)
        .filter(([program]) => !isOnPath(program))
        .map(([, name]) => name),
    ),
  ];
  const mayInstall = isOnPath('apt-get') && process.getuid?.() === 0;
  if (mayInstall && !process.env.CHROMIUM_PATH && !BROWSERS.some(isOnPath)) missing.push('chromium');
  if (missing.length === 0) return;
  const remedy = `install them with: apt-get install ${missing.join(' ')}`;
  if (!mayInstall) throw new StepError(`The tests need ${missing.join(', ')}; ${remedy}`);
  const failure = `The clients could not be installed; ${remedy}`;
  await runCommand('apt-get', ['update'], { progress, failure });
  await runCommand('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
    progress,
    failure,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
