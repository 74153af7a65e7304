// Children of a benchmark: servers that say when they are ready, and are stopped in order.
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../../tools/node-flags.js';

const ROOT = join(import.meta.dirname, '../../..');

/** Starts a program that says `{ type: 'ready', … }`. @returns {Promise<{ child, ready, stop(): Promise<void> }>} */
export async function startChild(file, { env = {}, execArgv = [] } = {}) {
  const child = fork(file, [], {
    env: { ...process.env, ...env },
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const ready = await new Promise((resolve, reject) => {
    child.on('message', (message) => message.type === 'ready' && resolve(message));
    void exited.then((code) => reject(new Error(`${file} ended with ${code} before it was ready`)));
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
  };
  return { child, ready, stop };
}

/**
 * Starts the built server on a folder of its own, which `stop` removes: embedded Postgres, local Kafka, free ports, no limit on
 * the rate of a device.
 */
export async function startFleetlog({ env = {}, execArgv = [] } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-bench-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await startChild(join(ROOT, 'dist/main.js'), {
      execArgv: [...NODE_FLAGS, ...execArgv],
      env: {
        FLEETLOG_DATA_DIR: dataDir,
        KAFKA_BROKERS: 'local',
        HTTP_PORT: '0',
        MQTTS_PORT: '0',
        MQTT_PORT: '0',
        FLEETLOG_RATE_PUBLISH: '0',
        LOG_LEVEL: 'warn',
        ...env,
      },
    });
    return { ...server, dataDir, stop: () => server.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
