import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-half-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** Programs that run on the folder, as the kernel knows them. */
async function runningOn(folder: string): Promise<string[]> {
  const lines = (await readdir('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readFile(join('/proc', pid, 'cmdline'), 'utf8').catch(() => ''));
  return (await Promise.all(lines)).filter((line) => line.includes(folder)).map((line) => line.replaceAll('\0', ' '));
}

test.each([
  ['the cluster of Postgres is made', 'initdb'],
  ['Postgres starts', 'bin/postgres'],
  ['Kafka starts', 'kafka.Kafka'],
])(
  'a stop while %s leaves nothing running, and tells of no failure',
  async (_step, program) => {
    const told: string[] = [];
    const { PATH, HOME } = process.env;
    const server = fork(join(import.meta.dirname, '../../dist/main.js'), [], {
      env: {
        ...{ PATH, HOME, FLEETLOG_DATA_DIR: dataDir, KAFKA_BROKERS: 'local', HTTP_PORT: '0', MQTTS_PORT: '0' },
        LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    server.on('message', ({ type }: { type: string }) => told.push(type));
    const exited = once(server, 'exit');
    await until(`${program} runs`, async () => (await runningOn(dataDir)).some((line) => line.includes(program)));
    server.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(await runningOn(dataDir)).toEqual([]);
    expect(told).not.toContain('failed');
    expect(told).not.toContain('ready');
  },
  60_000,
);
