// `relay`: how fast a journal gets to Kafka that was attached late, over eight shards and over one, and how soon a committed event
// is seen by a consumer that reads committed, at 5,000 events per second. Keys of the result: docs/reference/benchmarks.md.
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMicrosPer, cpuSecondsOf, processesOf } from './support/cpu.js';
import { runLoad } from './support/load.js';
import { describeMachine } from './support/machine.js';
import { startFleetlog } from './support/processes.js';
import { registerDevices, restOf } from './support/rest.js';
import { median, rounded } from './support/statistics.js';
import { isExact, verify } from './support/verify.js';

const SHARDS = 8;
const DEVICES = 1_000;
const OFFERED_PER_SECOND = 5_000;
const CONNECTIONS = 100;
const POLL_MS = 50;
const CATCH_UP_MS = 120_000;

export async function run({ quick, log }) {
  const extent = quick
    ? { rounds: 1, widths: [SHARDS], events: 200_000, latencyMs: 6_000 }
    : { rounds: 3, widths: [SHARDS, 1], events: 600_000, latencyMs: 20_000 };
  const rounds = { [SHARDS]: [], 1: [] };
  for (let round = 0; round < extent.rounds; round++)
    for (const shards of extent.widths) rounds[shards].push(await catchUp(shards, extent.events, log));
  const latency = await commitToConsumer(extent.latencyMs, log);
  const eight = middle(rounds[SHARDS]);
  const one = quick ? undefined : middle(rounds[1]);
  return {
    bench: 'relay',
    ratio: one ? { oneShardOfEight: rounded(one.perSecond / eight.perSecond, 3) } : {},
    absolute: {
      catchUpPerSecond: eight.perSecond,
      catchUpCpuMicros: eight.cpuMicros,
      ...(one && { catchUpOneShardPerSecond: one.perSecond, catchUpOneShardCpuMicros: one.cpuMicros }),
      commitToConsumerP99Ms: latency.latencyMs.p99,
      commitToConsumerMs: latency.latencyMs,
      commitToConsumerCpuMicros: latency.cpuMicros,
      pubackMs: latency.pubackMs,
    },
    verified: [...rounds[SHARDS], ...rounds[1], latency].every(({ verified }) => verified),
    machine: latency.machine,
  };
}

const middle = (results) => {
  const perSecond = median(results.map((result) => result.perSecond));
  return results.find((result) => result.perSecond === perSecond);
};

/** Kafka is attached to a journal that holds `events`; counted from the first look at the running server to the last event. */
async function catchUp(shards, events, log) {
  const dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-bench-'));
  const env = { FLEETLOG_DATA_DIR: dataDir, FLEETLOG_SHARDS: String(shards) };
  try {
    await fill({ dataDir, shards, devices: DEVICES, events });
    await readBySubscriptions(env);
    const fleetlog = await startFleetlog({ env });
    try {
      const call = restOf(fleetlog.ready);
      const pids = processesOf(fleetlog);
      const first = await look(call, pids);
      let last = first;
      while (last.lag > 0) {
        if (last.at - first.at > CATCH_UP_MS) throw new Error('the relay does not catch up');
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        last = await look(call, pids);
      }
      const relayed = first.lag;
      const perSecond = Math.round((relayed * 1_000) / (last.at - first.at));
      const cpuMicros = shown(cpuMicrosPer(relayed, first.cpu, last.cpu));
      const report = await (await call('POST', '/system/relay/verify')).json();
      const verified = isExact(report) && report.records >= events;
      log(`${shards} shards: ${relayed} events at ${perSecond}/s, µs ${JSON.stringify(cpuMicros)}, exact: ${verified}`);
      return { perSecond, cpuMicros, verified };
    } finally {
      await fleetlog.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function look(call, pids) {
  const status = await (await call('GET', '/system/status')).json();
  const lag = status.shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
  return { lag, at: performance.now(), cpu: await cpuSecondsOf(pids) };
}

async function fill(order) {
  const child = fork(join(import.meta.dirname, 'fill-journal.js'), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send(order);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`filling the journal ended with ${code}`);
}

/** Whoever attaches Kafka late has run without it until then: nothing else has to read the journal but the relay. */
async function readBySubscriptions(env) {
  const fleetlog = await startFleetlog({ env: { ...env, KAFKA_BROKERS: 'off' } });
  try {
    const call = restOf(fleetlog.ready);
    for (let lag = 1; lag > 0; await new Promise((resolve) => setTimeout(resolve, POLL_MS))) {
      const { subscriptions } = await (await call('GET', '/system/status')).json();
      lag = subscriptions.flatMap(({ shards }) => shards).reduce((sum, { lagEvents }) => sum + lagEvents, 0);
    }
  } finally {
    await fleetlog.stop();
  }
}

/** From the time of recording, which the journal takes before the commit, to the arrival in another process. */
async function commitToConsumer(durationMs, log) {
  const fleetlog = await startFleetlog({ env: { FLEETLOG_SHARDS: String(SHARDS) } });
  try {
    const call = restOf(fleetlog.ready);
    const devices = await registerDevices(call, CONNECTIONS);
    const consumer = fork(join(import.meta.dirname, 'committed-consumer.js'), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const heard = (type) =>
      new Promise((resolve, reject) => {
        consumer.on('message', (message) => message.type === type && resolve(message));
        consumer.once('exit', (code) => reject(new Error(`the consumer ended with ${code}`)));
      });
    const ready = heard('ready');
    consumer.send({ brokers: fleetlog.ready.kafka.split(','), topic: fleetlog.ready.eventsTopic });
    await ready;
    const load = (forMs) =>
      runLoad(fleetlog.ready.plainPort, devices, { rate: OFFERED_PER_SECOND }, forMs, processesOf(fleetlog));
    const warmUp = await load(durationMs / 4);
    consumer.send({ type: 'measure' });
    const sent = await load(durationMs);
    consumer.send({ type: 'pause' });
    const exact = await verify(call, warmUp.total + sent.total, log);
    const status = await (await call('GET', '/system/status')).json();
    const result = heard('result');
    consumer.send({ type: 'stop', upTo: Object.fromEntries(status.shards.map(({ shard, head }) => [shard, head])) });
    const { latencyMs, faults, complete, records } = await result;
    const cpuMicros = shown(sent.cpuMicros);
    log(`${sent.perSecond}/s: commit to consumer ${JSON.stringify(latencyMs)} ms, µs ${JSON.stringify(cpuMicros)}`);
    return {
      latencyMs,
      cpuMicros,
      pubackMs: sent.latencyMs,
      verified: exact && faults === 0 && complete && records > 0,
      machine: await describeMachine(fleetlog.ready.pids),
    };
  } finally {
    await fleetlog.stop();
  }
}

const shown = (micros) => Object.fromEntries(Object.entries(micros).map(([name, value]) => [name, rounded(value, 1)]));
