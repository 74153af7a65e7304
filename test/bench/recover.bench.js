// `recover`: how soon a server that was killed is back, with a large journal and all of its devices connected when it died.
// Keys of the result: docs/reference/benchmarks.md.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadDevice } from './support/load-device.js';
import { checkFleetJournal, fillFleetJournal } from './support/fleet-journal.js';
import { describeMachine } from './support/machine.js';
import { startChild } from './support/processes.js';
import { restOf } from './support/rest.js';
import { median, rounded } from './support/statistics.js';

const MAIN = join(import.meta.dirname, '../../dist/main.js');
const POLL_MS = 10;
const SAMPLE = 50;

export async function run({ quick, log }) {
  const extent = quick
    ? { devices: 1_000, eventsPerDevice: 200, rounds: 3 }
    : { devices: 10_000, eventsPerDevice: 500, rounds: 5 };
  const dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-bench-'));
  try {
    const devices = await fillFleetJournal({ dataDir, ...extent, log });
    const ports = { http: await freePort(), mqtt: await freePort() };
    const cold = await startUntilDerived(dataDir, ports);
    log(`nothing but the journal: ready after ${cold.readySeconds} s, all derived after ${cold.derivedSeconds} s`);
    const runs = [];
    for (let round = 1; round <= extent.rounds; round++) {
      const device = devices[Math.floor((round * devices.length) / (extent.rounds + 1))];
      runs.push(await startUntilPuback(dataDir, ports, device, round));
      log(`round ${round}: ${JSON.stringify(runs.at(-1))}`);
    }
    const { machine, ...all } = await startUntilAllRecovered(dataDir, ports);
    log(`all recovered: ${JSON.stringify(all)}`);
    const journal = await checkFleetJournal({ dataDir, devices: extent.devices, sample: SAMPLE });
    const of = (key, digits = 2) => rounded(median(runs.map((one) => one[key])), digits);
    return {
      bench: 'recover',
      ratio: {},
      absolute: {
        readySeconds: of('readySeconds'),
        firstPubackSeconds: of('firstPubackSeconds'),
        peakMib: of('peakMib', 0),
        ...extent,
        journaled: journal.events,
        kafka: 'off',
        cold,
        allRecovered: all,
      },
      verified: journal.verified && runs.every(({ acknowledged }) => acknowledged === 1),
      machine,
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function start(dataDir, { http, mqtt }) {
  return startChild(MAIN, {
    env: {
      FLEETLOG_DATA_DIR: dataDir,
      KAFKA_BROKERS: 'off',
      HTTP_PORT: String(http),
      MQTTS_PORT: '0',
      MQTT_PORT: String(mqtt),
      LOG_LEVEL: 'warn',
    },
  });
}

/** The server alone: its Postgres lives on, and the next start has to deal with that. */
async function kill({ child }) {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

const secondsSince = (begin) => rounded((performance.now() - begin) / 1000, 2);

async function untilReady(http, begin) {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${http}/readyz`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return secondsSince(begin);
    await sleep(POLL_MS);
  }
}

/** A start without checkpoints and projections: everything is read from the journal. */
async function startUntilDerived(dataDir, ports) {
  const begin = performance.now();
  const starting = start(dataDir, ports);
  const readySeconds = await untilReady(ports.http, begin);
  const server = await starting;
  const call = restOf(server.ready);
  for (;;) {
    const { subscriptions } = await (await call('GET', '/system/status')).json();
    if (subscriptions.every(({ shards }) => shards.every(({ lagEvents }) => lagEvents === 0))) break;
    await sleep(100);
  }
  const derivedSeconds = secondsSince(begin);
  const peakMib = await peakMemory(server);
  await kill(server);
  return { readySeconds, derivedSeconds, peakMib };
}

/** A device tries to connect from the very beginning, as devices do. */
async function startUntilPuback(dataDir, ports, identity, round) {
  const begin = performance.now();
  const starting = start(dataDir, ports);
  const [readySeconds, { firstPubackSeconds, device }] = await Promise.all([
    untilReady(ports.http, begin),
    untilPuback(ports.mqtt, identity, round, begin),
  ]);
  const server = await starting;
  const peakMib = await peakMemory(server);
  await kill(server);
  await device.closed;
  return { readySeconds, firstPubackSeconds, acknowledged: device.acked, peakMib };
}

async function untilPuback(port, identity, round, begin) {
  for (;;) {
    let acknowledged;
    const acked = new Promise((resolve) => (acknowledged = resolve));
    const device = new LoadDevice({ port, identity, run: `recover-${round}`, onAcked: () => acknowledged() });
    const connected = await device.connected.then(
      () => true,
      () => false,
    );
    if (connected) {
      device.publish(1, performance.now());
      await acked;
      return { firstPubackSeconds: secondsSince(begin), device };
    }
    await sleep(POLL_MS);
  }
}

/** The sessions that the killed server left open are closed one by one, for which each device is recovered. */
async function startUntilAllRecovered(dataDir, ports) {
  const begin = performance.now();
  const server = await start(dataDir, ports);
  const headsOf = async () => {
    const { shards } = await (await restOf(server.ready)('GET', '/system/status')).json();
    return shards.reduce((sum, { head }) => sum + head, 0);
  };
  let head = await headsOf();
  let seconds = secondsSince(begin);
  for (let still = 0; still < 15; still++) {
    await sleep(200);
    const now = await headsOf();
    if (now === head) continue;
    [head, still, seconds] = [now, 0, secondsSince(begin)];
  }
  const peakMib = await peakMemory(server);
  const machine = await describeMachine({ postgres: server.ready.pids.postgres });
  await server.stop();
  return { seconds, peakMib, machine };
}

async function peakMemory({ child }) {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
