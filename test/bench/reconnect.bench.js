// `reconnect`: mutual-TLS MQTT connects (TCP, handshake, CONNECT, CONNACK, DISCONNECT; DeviceConnected and DeviceDisconnected
// journaled) per second of CPU of the server's process, beside a bare Node TLS server that answers four bytes; full handshakes and
// resumed ones, interleaved.
import { cpuSecondsOf, processesOf } from './support/cpu.js';
import { journalEvents } from './support/journal.js';
import { describeMachine } from './support/machine.js';
import { restOf } from './support/rest.js';
import { prepareFleet, startBare, startClients } from './support/secure-fleet.js';
import { median, rounded } from './support/statistics.js';

/** Connects under way at once. */
const AT_ONCE = 24;
/** What a storm leaves behind (disconnects, projections) is still its cost. */
const SETTLE_MS = 500;
const MODES = ['full', 'resumed'];

export async function run({ quick, log }) {
  // So many devices that none of them comes too often for the limit of one connect a second.
  const extent = quick
    ? { devices: 400, rounds: 2, durationMs: 2_000 }
    : { devices: 800, rounds: 5, durationMs: 4_000 };
  const fleet = await prepareFleet(extent.devices, log);
  const started = [];
  try {
    const fleetlog = await fleet.start();
    started.push(fleetlog);
    const bare = await startBare('bare-tls.js', fleet.tls);
    started.push(bare);
    const ours = { pids: processesOf(fleetlog), clients: await startClients(fleetlog.ready.mqttsPort, fleet) };
    const theirs = { pids: { fleetlog: bare.child.pid }, clients: await startClients(bare.ready.port, fleet) };
    let connects = 0;
    const runs = { full: [], resumed: [] };
    // Round 0 is not counted: it recovers the actors, warms the compilers and gives each device a session to resume.
    for (let round = 0; round <= extent.rounds; round++) {
      for (const mode of MODES) {
        const [mine, floor] = [await storm(ours, mode, extent), await storm(theirs, mode, extent)];
        connects += mine.connects;
        log(`${mode} round ${round}: ${describe(mine)}; bare TLS ${describe(floor)}`);
        if (round > 0) runs[mode].push({ mine, floor });
      }
    }
    ours.clients.stop();
    theirs.clients.stop();
    const journaled = await countSessions(restOf(fleetlog.ready));
    log(`${connects} connects, ${journaled} journaled`);
    const [full, resumed] = MODES.map((mode) => summarize(runs[mode]));
    return {
      bench: 'reconnect',
      ratio: {
        bareTls: full.ratio,
        bareTlsResumed: resumed.ratio,
        resumedToFull: rounded(resumed.perSecondPerCore / full.perSecondPerCore, 2),
      },
      absolute: {
        perSecondPerCore: full.perSecondPerCore,
        resumedPerSecondPerCore: resumed.perSecondPerCore,
        full,
        resumed,
        connects,
      },
      verified: journaled === connects,
      machine: await describeMachine(fleetlog.ready.pids),
    };
  } finally {
    await Promise.all(started.map((child) => child.stop()));
    await fleet.remove();
  }
}

async function storm({ pids, clients }, mode, { durationMs }) {
  const before = await cpuSecondsOf(pids);
  const resumed = mode === 'resumed';
  const { connects, seconds, reused } = await clients.ask(
    { type: 'storm', durationMs, atOnce: AT_ONCE, resumed },
    'stormed',
  );
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const after = await cpuSecondsOf(pids);
  const millisOf = (name) => ((after[name] - before[name]) * 1000) / connects;
  return {
    connects,
    perSecond: connects / seconds,
    millis: millisOf('fleetlog'),
    postgresMillis: pids.postgres ? millisOf('postgres') : 0,
    reusedShare: reused / connects,
  };
}

function summarize(runs) {
  const of = (pick, digits = 0) => rounded(median(runs.map(pick)), digits);
  return {
    ratio: of(({ mine, floor }) => floor.millis / mine.millis, 3),
    perSecondPerCore: of(({ mine }) => 1000 / mine.millis),
    bareTlsPerSecondPerCore: of(({ floor }) => 1000 / floor.millis),
    perSecond: of(({ mine }) => mine.perSecond),
    millis: of(({ mine }) => mine.millis, 2),
    bareTlsMillis: of(({ floor }) => floor.millis, 2),
    postgresMillis: of(({ mine }) => mine.postgresMillis, 2),
  };
}

/** @throws Error unless the sessions of each device are numbered 1, 2, 3 … */
async function countSessions(call) {
  const newest = new Map();
  let count = 0;
  for await (const { stream, payload } of journalEvents(call, 'DeviceConnected')) {
    const expected = (newest.get(stream) ?? 0) + 1;
    if (payload.sessionEpoch !== expected)
      throw new Error(`${stream} has session ${payload.sessionEpoch} after ${expected - 1}`);
    newest.set(stream, expected);
    count++;
  }
  return count;
}

function describe({ perSecond, millis, reusedShare }) {
  return `${perSecond.toFixed(0)}/s, ${millis.toFixed(2)} ms CPU each, ${(reusedShare * 100).toFixed(0)} % resumed`;
}
