// `memory`: what an idle device over mutual TLS with its live actor adds to the resident memory, beside a connection of bare aedes
// behind the same TLS. Both servers are new in each round and collect their garbage before they are looked at.
import { join } from 'node:path';
import { describeMachine } from './support/machine.js';
import { restOf } from './support/rest.js';
import { askChild, prepareFleet, startBare, startClients } from './support/secure-fleet.js';
import { median, rounded } from './support/statistics.js';

const PROBE = ['--expose-gc', '--import', join(import.meta.dirname, 'memory-probe.js')];
/** Handshakes under way at once. */
const AT_ONCE = 16;
/** The first tenth of the fleet fills what a new process has spare; it is connected before the first look. */
const WARM_UP_SHARE = 0.1;
const SETTLE_MS = 1_500;
const KIB = 1024;

export async function run({ quick, log }) {
  const extent = quick ? { devices: 600, rounds: 1 } : { devices: 2_000, rounds: 5 };
  const fleet = await prepareFleet(extent.devices, log);
  try {
    const rounds = [];
    let machine;
    let verified = true;
    for (let round = 1; round <= extent.rounds; round++) {
      const fleetlog = await fleet.start(PROBE);
      const bare = await startBare('bare-secure-aedes.js', fleet.tls, PROBE);
      try {
        machine ??= await describeMachine(fleetlog.ready.pids);
        const ours = await measure(fleetlog.child, fleetlog.ready.mqttsPort, fleet, () => countLive(fleetlog.ready));
        const theirs = await measure(bare.child, bare.ready.port, fleet);
        verified &&= ours.live.connections === extent.devices && ours.live.actors >= extent.devices;
        log(`round ${round}: ${describe(ours)}; bare aedes ${describe(theirs)}; ${JSON.stringify(ours.live)}`);
        rounds.push({ ours, theirs });
      } finally {
        await Promise.all([bare.stop(), fleetlog.stop()]);
      }
    }
    const of = (pick, digits = 1) => rounded(median(rounds.map(pick)), digits);
    return {
      bench: 'memory',
      ratio: { bareAedes: of(({ ours, theirs }) => ours.rss / theirs.rss, 3) },
      absolute: {
        kibPerDevice: of(({ ours }) => ours.rss),
        bareAedesKib: of(({ theirs }) => theirs.rss),
        heapKib: of(({ ours }) => ours.heapUsed),
        bareAedesHeapKib: of(({ theirs }) => theirs.heapUsed),
        devices: extent.devices,
      },
      verified,
      machine,
    };
  } finally {
    await fleet.remove();
  }
}

/** KiB per device, and what `look` sees while all are connected. */
async function measure(server, port, fleet, look) {
  const clients = await startClients(port, fleet);
  const warmUp = Math.round(fleet.devices.length * WARM_UP_SHARE);
  const count = fleet.devices.length - warmUp;
  await clients.ask({ type: 'hold', from: 0, count: warmUp, atOnce: AT_ONCE }, 'held');
  const before = await measureMemory(server);
  await clients.ask({ type: 'hold', from: warmUp, count, atOnce: AT_ONCE }, 'held');
  const after = await measureMemory(server);
  const live = await look?.();
  clients.stop();
  const perDevice = (part) => (after[part] - before[part]) / KIB / count;
  return { rss: perDevice('rss'), heapUsed: perDevice('heapUsed'), arrayBuffers: perDevice('arrayBuffers'), live };
}

async function measureMemory(server) {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return askChild(server, { type: 'measure memory' }, 'memory');
}

/** Connected devices and those with a live actor, as the metrics tell. */
async function countLive(ready) {
  const text = await (await fetch(`${ready.url}/metrics`)).text();
  const valueOf = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  const listed = await (await restOf(ready)('GET', '/system/status')).json();
  return {
    connections: valueOf(/^fleetlog_mqtt_connections\{listener="mqtts"\} (\d+)/m),
    actors: valueOf(/^fleetlog_actors_active\{kind="device"\} (\d+)/m),
    journaled: listed.shards.reduce((sum, { head }) => sum + head, 0),
  };
}

function describe({ rss, heapUsed, arrayBuffers }) {
  return `${rss.toFixed(1)} KiB per device (heap ${heapUsed.toFixed(1)}, buffers ${arrayBuffers.toFixed(1)})`;
}
