// `ingest`: durable PUBACKs per second with the relay on, beside bare aedes under the same generator, interleaved; then the
// highest offered rate that is acknowledged in time while Kafka keeps up. Keys of the result: docs/reference/benchmarks.md.
import { join } from 'node:path';
import { processesOf } from './support/cpu.js';
import { runLoad } from './support/load.js';
import { describeMachine } from './support/machine.js';
import { startChild, startFleetlog } from './support/processes.js';
import { registerDevices, relayLag, restOf } from './support/rest.js';
import { median, rounded } from './support/statistics.js';
import { findSustained } from './support/sustained.js';
import { verify } from './support/verify.js';

const SHAPES = [
  { name: '100x20', connections: 100, inFlight: 20 },
  { name: '1000x1', connections: 1000, inFlight: 1 },
];
/** The shape that the keys at the top speak of; the open loop has its connections. */
const [MAIN] = SHAPES;

export async function run({ quick, log }) {
  const extent = quick
    ? { shapes: [MAIN], rounds: 1, durationMs: 4_000, sustained: { passes: 1, stepShare: 0.2, stepMs: 2_500 } }
    : { shapes: SHAPES, rounds: 5, durationMs: 10_000, sustained: { passes: 3, stepShare: 0.1, stepMs: 8_000 } };
  const [fleetlog, bare] = await Promise.all([startFleetlog(), startChild(join(import.meta.dirname, 'bare-aedes.js'))]);
  try {
    const call = restOf(fleetlog.ready);
    const most = Math.max(...extent.shapes.map(({ connections }) => connections));
    log(`registering ${most} devices`);
    const devices = await registerDevices(call, most);
    let acknowledged = 0;
    const load = async (connections, shape, durationMs) => {
      const { plainPort } = fleetlog.ready;
      const result = await runLoad(plainPort, devices.slice(0, connections), shape, durationMs, processesOf(fleetlog));
      acknowledged += result.total;
      return result;
    };

    const shapes = {};
    for (const { name, connections, inFlight } of extent.shapes) {
      const runs = [];
      for (let round = 1; round <= extent.rounds; round++) {
        const shape = { inFlight };
        const ours = await load(connections, shape, extent.durationMs);
        const sameDevices = devices.slice(0, connections);
        const theirs = await runLoad(bare.ready.port, sameDevices, shape, extent.durationMs, { bare: bare.child.pid });
        log(
          `${name} round ${round}: ${ours.perSecond}/s, ${ours.cpuMicros.fleetlog.toFixed(1)} µs, p99 ${ours.latencyMs.p99} ms` +
            `; bare aedes ${theirs.perSecond}/s, ${theirs.cpuMicros.bare.toFixed(1)} µs`,
        );
        runs.push({ ours, theirs });
      }
      shapes[name] = summarize(runs);
    }
    const first = shapes[MAIN.name];
    const sustained = await findSustained({
      ...extent.sustained,
      knee: first.perSecond,
      offer: (rate, durationMs) => load(MAIN.connections, { rate }, durationMs),
      lag: () => relayLag(call),
      log,
    });
    const verified = await verify(call, acknowledged, log);
    return {
      bench: 'ingest',
      ratio: {
        bareAedes: first.ratio,
        ...Object.fromEntries(Object.entries(shapes).map(([name, { ratio }]) => [`bareAedes ${name}`, ratio])),
      },
      absolute: {
        perSecond: first.perSecond,
        cpuMicrosPerMessage: first.cpu.fleetlog,
        cpuMicrosPerMessageAll: first.cpu.all,
        sustainedPerSecond: sustained.perSecond,
        pubackP99Ms: sustained.latencyMs.p99,
        acknowledged,
        shapes,
        sustained,
      },
      verified,
      machine: await describeMachine(fleetlog.ready.pids),
    };
  } finally {
    await Promise.all([bare.stop(), fleetlog.stop()]);
  }
}

function summarize(runs) {
  const of = (pick, digits = 0) => rounded(median(runs.map(pick)), digits);
  const cpuOf = (name) => of(({ ours }) => ours.cpuMicros[name], 1);
  return {
    ratio: of(({ ours, theirs }) => ours.perSecond / theirs.perSecond, 3),
    perSecond: of(({ ours }) => ours.perSecond),
    bareAedesPerSecond: of(({ theirs }) => theirs.perSecond),
    bareAedesCpu: of(({ theirs }) => theirs.cpuMicros.bare, 1),
    closedLoopMs: { p50: of(({ ours }) => ours.latencyMs.p50, 1), p99: of(({ ours }) => ours.latencyMs.p99, 1) },
    cpu: { fleetlog: cpuOf('fleetlog'), postgres: cpuOf('postgres'), kafka: cpuOf('kafka'), all: cpuOf('all') },
  };
}
