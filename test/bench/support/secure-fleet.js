// A data folder with enrolled devices, a Fleetlog on it as often as it is wanted, and bare servers with the same certificate.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './processes.js';
import { NODE_FLAGS, NURSERY } from '../../../tools/node-flags.js';
import { restOf } from './rest.js';
import { enrolDevices } from './secure-devices.js';

const BENCH = join(import.meta.dirname, '..');
/** Calls that one API token may make at once. */
const CALLS_PER_TOKEN = 400;

/** Enrols `count` devices. Kafka is off: what is measured here is journaled like everything else, and the relay reads it later. */
export async function prepareFleet(count, log) {
  const dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-bench-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  const start = (execArgv = []) =>
    startChild(join(BENCH, '../../dist/main.js'), {
      execArgv: [...NODE_FLAGS, ...execArgv],
      env: { ...ENV, FLEETLOG_DATA_DIR: dataDir },
    });
  try {
    log(`enrolling ${count} devices`);
    const server = await start();
    const calls = await manyTokens(server.ready, Math.ceil((count * 2) / CALLS_PER_TOKEN));
    let next = 0;
    const devices = await enrolDevices((...request) => calls[next++ % calls.length](...request), count);
    const ca = await (await fetch(`${server.ready.url}/ca.pem`)).text();
    await server.stop();
    return { devices, tls: { ...(await serverCertificate(dataDir)), ca }, start, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const ENV = {
  KAFKA_BROKERS: 'off',
  HTTP_PORT: '0',
  MQTTS_PORT: '0',
  LOG_LEVEL: 'warn',
};

/** A bare server of this folder, with the certificates of the fleet and Fleetlog's nursery; else Node as it comes. */
export function startBare(file, tls, execArgv = []) {
  return startChild(join(BENCH, file), {
    execArgv: [NURSERY, ...execArgv],
    env: { BENCH_TLS: JSON.stringify(tls) },
  });
}

/** `secure-clients.js` against one port; `ask` sends a message and answers the next one of that type. */
export async function startClients(port, { devices, tls }) {
  const child = fork(join(BENCH, 'secure-clients.js'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = (message, answer) => askChild(child, message, answer);
  await ask({ type: 'start', port, ca: tls.ca, devices }, 'started');
  return { ask, stop: () => child.disconnect() };
}

/** Sends a message and resolves with the next one of the type `answer`. */
export function askChild(child, message, answer) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a child ended with ${code} before it said "${answer}"`));
    const heard = (said) => {
      if (said.type !== answer) return;
      child.off('message', heard);
      child.off('exit', ended);
      resolve(said);
    };
    child.on('message', heard);
    child.once('exit', ended);
    child.send(message);
  });
}

async function manyTokens(ready, count) {
  const admin = restOf(ready);
  const calls = [admin];
  while (calls.length < count) {
    const { token } = await (await admin('POST', '/tokens', { role: 'admin', label: `bench ${calls.length}` })).json();
    calls.push(restOf({ ...ready, token }));
  }
  return calls;
}

/** Key and certificate of the listeners, one after the other in one file. */
async function serverCertificate(dataDir) {
  const text = await readFile(join(dataDir, 'pki/server.pem'), 'utf8');
  const cut = text.indexOf('-----BEGIN CERTIFICATE-----');
  return { key: text.slice(0, cut), cert: text.slice(cut) };
}
