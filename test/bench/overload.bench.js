// `overload`: twice the highest rate that is served (the knee), for a minute: what is still acknowledged, how the memory
// goes, and how soon all is in time again when the load falls to half the knee.
import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuMicrosPer, cpuSecondsOf, processesOf } from './support/cpu.js';
import { runLoad } from './support/load.js';
import { describeMachine } from './support/machine.js';
import { startFleetlog } from './support/processes.js';
import { registerDevices, restOf } from './support/rest.js';
import { askChild } from './support/secure-fleet.js';
import { rounded } from './support/statistics.js';
import { findSustained } from './support/sustained.js';
import { verify } from './support/verify.js';

const CONNECTIONS = 200;
/** Publishes that a device holds unacknowledged before it drops: what the platform takes of one connection. */
const WINDOW = 100;
const KNEE_SHAPE = { connections: 100, inFlight: 20 };
const OVERLOAD = 2;
const AFTERWARDS = 0.5;
/** At the knee a PUBACK comes within this time at p99. */
const KNEE_MS = 250;
/** In time is what comes within twice the p99 of half the knee before the overload, and within this in any case. */
const LEAST_LATE_MS = 50;
const SAMPLE_MS = 1_000;
/** Resident memory of the second half of the overload beside the first: more than this is growth. */
const MOST_GROWTH = 1.25;
const MIB = 1024;

export async function run({ quick, log }) {
  const extent = quick
    ? { kneeMs: 3_000, passes: 1, stepShare: 0.15, stepMs: 2_000, overloadMs: 12_000, afterMs: 6_000 }
    : { kneeMs: 8_000, passes: 3, stepShare: 0.1, stepMs: 6_000, overloadMs: 60_000, afterMs: 10_000 };
  const fleetlog = await startFleetlog();
  try {
    const call = restOf(fleetlog.ready);
    log(`registering ${CONNECTIONS} devices`);
    const devices = await registerDevices(call, CONNECTIONS);
    let acknowledged = 0;
    const load = async (shape, durationMs) => {
      const some = devices.slice(0, KNEE_SHAPE.connections);
      const result = await runLoad(fleetlog.ready.plainPort, some, shape, durationMs, processesOf(fleetlog));
      acknowledged += result.total;
      return result;
    };
    const closed = await load({ inFlight: KNEE_SHAPE.inFlight }, extent.kneeMs);
    const sustained = await findSustained({
      ...extent,
      knee: closed.perSecond,
      offer: (rate, durationMs) => load({ rate }, durationMs),
      // The knee is what the server takes, soon or late: a relay that lags behind loses nothing and slows down nobody.
      lag: () => 0,
      p99Ms: KNEE_MS,
      log,
    });
    const knee = sustained.perSecond;
    if (knee === 0) throw new Error('no rate was served: this machine is too busy to find the knee');

    const clients = fork(join(import.meta.dirname, 'overload-clients.js'), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await askChild(clients, { type: 'start', port: fleetlog.ready.plainPort, connections: devices }, 'started');
    const offer = (share, durationMs, lateMs) =>
      askChild(clients, { type: 'offer', rate: knee * share, durationMs, window: WINDOW, lateMs }, 'offered');
    await offer(AFTERWARDS, 2_000, KNEE_MS);
    // As long as afterwards: a few seconds know nothing of what comes every ten, a collection or a checkpoint.
    const before = await offer(AFTERWARDS, extent.afterMs, KNEE_MS);
    const lateMs = Math.max(LEAST_LATE_MS, before.p99Ms * 2);
    const watch = watchServer(fleetlog);
    const cpuBefore = await cpuSecondsOf(processesOf(fleetlog));
    const during = await offer(OVERLOAD, extent.overloadMs, lateMs);
    const cpuMicros = cpuMicrosPer(during.acked, cpuBefore, await cpuSecondsOf(processesOf(fleetlog)));
    const samples = await watch.stop();
    const after = await offer(AFTERWARDS, extent.afterMs, lateMs);
    const { total } = await askChild(clients, { type: 'finish' }, 'finished');
    clients.disconnect();
    acknowledged += total;

    const goodput = during.acked / during.seconds;
    const memory = summarize(samples);
    log(
      `knee ${knee}/s; offered ${Math.round(during.due / during.seconds)}/s: acknowledged ${Math.round(goodput)}/s,` +
        ` devices dropped ${during.dropped}; ${JSON.stringify(memory)}; in time again after ${after.lateUntilMs} ms`,
    );
    const exact = await verify(call, acknowledged, log);
    return {
      bench: 'overload',
      ratio: { goodput: rounded(goodput / knee, 3), rssGrowth: memory.growth },
      absolute: {
        kneePerSecond: knee,
        closedLoopPerSecond: closed.perSecond,
        offeredPerSecond: Math.round(during.due / during.seconds),
        goodputPerSecond: Math.round(goodput),
        recoverSeconds: after.lateUntilMs / 1000,
        p99Ms: { before: rounded(before.p99Ms, 1), during: rounded(during.p99Ms, 1), after: rounded(after.p99Ms, 1) },
        rssMib: memory,
        cpuMicrosPerMessage: { knee: sustained.cpu, overload: roundedAll(cpuMicros) },
        generatorCores: rounded(during.cpuSeconds / during.seconds, 2),
        acknowledged,
      },
      verified: exact && memory.growth <= MOST_GROWTH,
      machine: await describeMachine(fleetlog.ready.pids),
    };
  } finally {
    await fleetlog.stop();
  }
}

/** Resident memory of the server's process, second by second. */
function watchServer({ child }) {
  const samples = [];
  const timer = setInterval(() => void sample(), SAMPLE_MS);
  async function sample() {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    samples.push(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / MIB);
  }
  return {
    async stop() {
      clearInterval(timer);
      await sample();
      return samples;
    },
  };
}

function roundedAll(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value, 1)]));
}

function summarize(samples) {
  const half = Math.ceil(samples.length / 2);
  const [first, second] = [samples.slice(0, half), samples.slice(half)].map((part) => Math.max(...part));
  return {
    start: Math.round(samples[0]),
    mostInFirstHalf: Math.round(first),
    mostInSecondHalf: Math.round(second),
    growth: rounded(second / first, 2),
  };
}
