// Load generator, a process of its own. Forked by `support/load.js`; its first message says what to do:
// { port, connections: [{ clientId, topic, username?, password? }], durationMs } and one of
//   inFlight  closed loop: so many QoS 1 publishes open per connection; latency counts from the write
//   rate      open loop: so many publishes per second over all connections; latency counts from the time that a publish was due,
//             and how late the generator itself was with its writes is told beside it
// Says { type: 'measuring' } and { type: 'measured', acked } around the time that counts, and its result at the end.
import { performance } from 'node:perf_hooks';
import { build } from 'hdr-histogram-js';
import { LoadDevice } from './support/load-device.js';

const WARM_UP_MS = 1_000;
/** An open loop that nobody answers ends here: more publishes on their way than are due in so many seconds. */
const HOPELESS_SECONDS = 4;
const LAST_PUBACK_MS = 60_000;

const { port, connections, inFlight, rate, durationMs } = await new Promise((resolve) =>
  process.once('message', resolve),
);
const run = Date.now().toString(36);
const histogram = () =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3 });
const latency = histogram();
/** From the time that a publish was due to its write: what this process and its machine add to the latency. */
const ownLag = histogram();
let began = Infinity;
let ended = Infinity;
let acked = 0;
let sending = true;

const devices = connections.map((identity) => new LoadDevice({ port, identity, run, onAcked }));
await Promise.all(devices.map(({ connected }) => connected));

/** Counts what is acknowledged in the measured span and the latency of what is sent in it; a closed loop sends as many again. */
function onAcked(device, times, count) {
  const now = performance.now();
  if (now >= began && now < ended) acked += count;
  for (let index = 0; index < count; index++) {
    if (times[index] >= began && times[index] < ended) latency.recordValue(micros(now - times[index]));
  }
  if (sending && inFlight !== undefined) device.publish(count, now);
}

const startedAt = performance.now();
if (inFlight === undefined) runOpenLoop();
else for (const device of devices) device.publish(inFlight, performance.now());

await sleep(WARM_UP_MS);
const cpuBefore = process.cpuUsage();
began = performance.now();
process.send({ type: 'measuring' });
await sleep(durationMs);
ended = performance.now();
const { user, system } = process.cpuUsage(cpuBefore);
process.send({ type: 'measured', acked });
sending = false;

for (const until = performance.now() + LAST_PUBACK_MS; countOpen() > 0; await sleep(5)) {
  if (performance.now() > until) throw new Error(`${countOpen()} publishes were never acknowledged`);
}
await Promise.all(devices.map((device) => device.disconnect()));

const seconds = (ended - began) / 1000;
process.send(
  {
    type: 'result',
    // In the span; and all, warm-up and late ones included, for the comparison with the journal.
    acked,
    total: devices.reduce((sum, device) => sum + device.acked, 0),
    seconds,
    perSecond: Math.round(acked / seconds),
    latencyMs: percentilesMs(latency),
    ...(rate !== undefined && { generatorLagMs: percentilesMs(ownLag) }),
    generatorCpuMicros: Number(((user + system) / Math.max(1, acked)).toFixed(1)),
  },
  () => process.exit(0),
);

/** Publishes that wait for their PUBACK. */
function countOpen() {
  return devices.reduce((sum, device) => sum + device.open, 0);
}

/** Publish number k is due k / rate after the start, from the devices in turn; what a tick finds due is sent at once. */
function runOpenLoop() {
  let sent = 0;
  const tick = () => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
    for (; sent < due; sent++) {
      const dueAt = startedAt + (sent / rate) * 1000;
      devices[sent % devices.length].publish(1, dueAt);
      if (dueAt >= began && dueAt < ended) ownLag.recordValue(micros(performance.now() - dueAt));
    }
    if (sending && countOpen() < rate * HOPELESS_SECONDS) setTimeout(tick, 1);
  };
  tick();
}

/** For a histogram, which counts whole microseconds from 1 on. */
function micros(milliseconds) {
  return Math.max(1, Math.round(milliseconds * 1000));
}

function percentilesMs(values) {
  const ms = (value) => Number((value / 1000).toFixed(2));
  return {
    ...Object.fromEntries([50, 90, 99, 99.9].map((p) => [`p${p}`, ms(values.getValueAtPercentile(p))])),
    max: ms(values.maxValue),
  };
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
