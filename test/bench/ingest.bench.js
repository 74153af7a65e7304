// `ingest`: durable PUBACKs per second with the relay on, beside bare aedes under the same generator, interleaved.
// Keys of the result: see docs/reference/benchmarks.md.
import { fork } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

const SHAPES = [
  { name: '100x20', connections: 100, inFlight: 20 },
  { name: '1000x1', connections: 1000, inFlight: 1 },
];
const CLOCK_TICKS_PER_SECOND = 100;
const ROOT = join(import.meta.dirname, '../..');

export async function run({ quick, log }) {
  const rounds = quick ? 1 : 5;
  const durationMs = quick ? 5_000 : 10_000;
  const dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-bench-'));
  const env = {
    ...process.env,
    FLEETLOG_DATA_DIR: dataDir,
    KAFKA_BROKERS: 'local',
    HTTP_PORT: '0',
    MQTTS_PORT: '0',
    MQTT_PORT: '0',
    FLEETLOG_RATE_PUBLISH: '0',
    LOG_LEVEL: 'warn',
  };
  const fleetlog = await startChild(join(ROOT, 'dist/main.js'), env);
  const bare = await startChild(join(import.meta.dirname, 'bare-aedes.js'), process.env);
  try {
    const most = Math.max(...SHAPES.map(({ connections }) => connections));
    log(`registering ${most} devices`);
    const devices = await registerDevices(fleetlog.ready, most);
    const results = {};
    let acknowledged = 0;
    for (const shape of quick ? SHAPES.slice(0, 1) : SHAPES) {
      const runs = [];
      for (let round = 0; round < rounds; round++) {
        const ours = await measure(
          fleetlog.ready.plainPort,
          devices.slice(0, shape.connections),
          shape,
          durationMs,
          processesOf(fleetlog),
        );
        const theirs = await measure(bare.ready.port, devices.slice(0, shape.connections), shape, durationMs, {
          bare: bare.child.pid,
        });
        acknowledged += ours.total;
        log(
          `${shape.name} round ${round + 1}: ${ours.perSecond}/s p99 ${ours.latencyMs.p99} ms, bare aedes ${theirs.perSecond}/s`,
        );
        runs.push({ ours, theirs, ratio: ours.perSecond / theirs.perSecond });
      }
      results[shape.name] = summarize(runs);
    }
    const verified = await verify(fleetlog.ready, acknowledged, log);
    const first = results['100x20'];
    return {
      bench: 'ingest',
      ratio: {
        bareAedes: first.ratio,
        ...Object.fromEntries(Object.entries(results).map(([name, { ratio }]) => [`bareAedes ${name}`, ratio])),
      },
      absolute: {
        perSecond: first.perSecond,
        cpuMicrosPerMessage: first.cpu.fleetlog,
        cpuMicrosPerMessageAll: first.cpu.all,
        pubackP99Ms: first.p99,
        acknowledged,
        shapes: results,
      },
      verified,
      machine: { cores: cpus().length, cpu: cpus()[0]?.model, node: process.version },
    };
  } finally {
    bare.child.disconnect();
    await stopChild(fleetlog.child);
    await rm(dataDir, { recursive: true, force: true });
  }
}

function summarize(runs) {
  return {
    ratio: Number(median(runs.map(({ ratio }) => ratio)).toFixed(3)),
    perSecond: median(runs.map(({ ours }) => ours.perSecond)),
    bareAedesPerSecond: median(runs.map(({ theirs }) => theirs.perSecond)),
    p50: median(runs.map(({ ours }) => ours.latencyMs.p50)),
    p99: median(runs.map(({ ours }) => ours.latencyMs.p99)),
    cpu: Object.fromEntries(
      ['fleetlog', 'postgres', 'kafka', 'all'].map((name) => [
        name,
        Math.round(median(runs.map(({ ours }) => ours.cpuMicros[name]))),
      ]),
    ),
  };
}

async function measure(port, devices, { inFlight }, durationMs, pids) {
  const child = fork(join(import.meta.dirname, 'generator.js'), [], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.send({ port, inFlight, durationMs, connections: devices });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  let before;
  const cpuMicros = {};
  const sampled = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      void (async () => {
        const now = await cpuSecondsOf(pids);
        if (message.type === 'measuring') before = now;
        else {
          for (const name of Object.keys(now)) cpuMicros[name] = ((now[name] - before[name]) * 1e6) / message.acked;
          cpuMicros.all = Object.values(cpuMicros).reduce((sum, value) => sum + value, 0);
          resolve();
        }
      })().catch(reject);
    });
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`the generator ended with ${code}`);
  await sampled;
  return { ...JSON.parse(output), cpuMicros };
}

const processesOf = ({ child, ready }) => ({
  fleetlog: child.pid,
  postgres: ready.pids.postgres,
  kafka: ready.pids.kafka,
});

/** CPU seconds per name; Postgres counts with all its backends (children, and those that have ended). */
async function cpuSecondsOf(pids) {
  const tree = await readProcesses();
  const seconds = {};
  for (const [name, pid] of Object.entries(pids)) {
    if (!pid) continue;
    const own = tree.filter((entry) => entry.pid === pid || entry.parent === pid);
    seconds[name] = own.reduce((sum, { pid: id, self, ended }) => sum + self + (id === pid ? ended : 0), 0);
  }
  return seconds;
}

async function readProcesses() {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(ids.map((id) => readFile(`/proc/${id}/stat`, 'utf8').catch(() => undefined)));
  return rows.filter(Boolean).map((row) => {
    const fields = row.slice(row.lastIndexOf(')') + 2).split(' ');
    const ticks = (index) => Number(fields[index]) / CLOCK_TICKS_PER_SECOND;
    return {
      pid: Number(row.slice(0, row.indexOf(' '))),
      parent: Number(fields[1]),
      self: ticks(11) + ticks(12),
      ended: ticks(13) + ticks(14),
    };
  });
}

/** Acknowledged = journaled = in Kafka: counts by device from the journal, and the platform's own comparison with the topic. */
async function verify(ready, acknowledged, log) {
  const seen = new Map();
  let events = 0;
  const response = await call(ready, 'GET', '/events?types=TelemetryRecorded', undefined, 'application/x-ndjson');
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line) continue;
      const event = JSON.parse(line);
      if (event.type !== 'TelemetryRecorded') continue;
      events++;
      if ((seen.get(event.stream) ?? 0) >= event.sequence)
        throw new Error(`${event.stream} is out of order at ${event.sequence}`);
      seen.set(event.stream, event.sequence);
    }
  }
  for (let lag = Infinity; lag > 0; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const status = await (await call(ready, 'GET', '/system/status')).json();
    lag = status.shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
  }
  const report = await (await call(ready, 'POST', '/system/relay/verify')).json();
  log(`acknowledged ${acknowledged}, journaled ${events}, relay ${JSON.stringify({ ...report, upTo: undefined })}`);
  return (
    events === acknowledged &&
    report.gaps + report.duplicates + report.inversions + report.differences === 0 &&
    report.records >= events
  );
}

async function registerDevices(ready, count) {
  const devices = [];
  for (let number = 0; number < count; number++) {
    const id = `bench-${number}`;
    await call(ready, 'POST', '/devices', { id });
    const { token } = await (await call(ready, 'POST', `/devices/${id}/tokens`, {})).json();
    devices.push({ clientId: id, topic: `devices/${id}/telemetry`, username: id, password: token });
  }
  return devices;
}

async function call(ready, method, path, body, accept = 'application/json') {
  for (;;) {
    const response = await fetch(`${ready.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ready.token}`, accept, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok) return response;
    if (response.status !== 429) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get('retry-after') ?? 1)));
  }
}

async function startChild(file, env) {
  const child = fork(file, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ready = await new Promise((resolve, reject) => {
    child.on('message', (message) => message.type === 'ready' && resolve(message));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return { child, ready };
}

async function stopChild(child) {
  child.kill('SIGTERM');
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
