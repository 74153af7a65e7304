// Devices that offer more than is taken, a process of its own. Open loop: publishes are due at a rate, whatever is answered; a device
// holds at most `window` unacknowledged ones, as a small device would, and drops what is due beyond them.
// Forked; messages: { type: 'start', port, connections } → 'started';
//   { type: 'offer', rate, durationMs, window, lateMs } →
//     { type: 'offered', due, dropped, acked, seconds, cpuSeconds, p99Ms, lateUntilMs };
//   { type: 'finish' } → { type: 'finished', total } once all is acknowledged and closed
import { performance } from 'node:perf_hooks';
import { build } from 'hdr-histogram-js';
import { LoadDevice } from './support/load-device.js';

/** Latency is looked at bucket by bucket of due times. */
const BUCKET_MS = 250;
/** Share of a bucket that may be late or dropped. */
const LATE_SHARE = 0.01;
/**
 * In time again is from where so many buckets in a row are in time. Not all up to the end: every five seconds the file system writes back
 * what processes have written, overload or not, and some hundred milliseconds of publishes wait for the disk.
 */
const STEADY_BUCKETS = 8;
const LAST_PUBACK_MS = 60_000;

let devices = [];
let phase;

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  handle(message).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
});

async function handle(message) {
  switch (message.type) {
    case 'start': {
      const run = Date.now().toString(36);
      devices = message.connections.map((identity) => new LoadDevice({ port: message.port, identity, run, onAcked }));
      await Promise.all(devices.map(({ connected }) => connected));
      process.send({ type: 'started' });
      return;
    }
    case 'offer':
      process.send({ type: 'offered', ...(await offer(message)) });
      return;
    case 'finish':
      for (const until = performance.now() + LAST_PUBACK_MS; countOpen() > 0; await sleep(5)) {
        if (performance.now() > until) throw new Error(`${countOpen()} publishes were never acknowledged`);
      }
      await Promise.all(devices.map((device) => device.disconnect()));
      process.send({ type: 'finished', total: devices.reduce((sum, { acked }) => sum + acked, 0) });
      return;
  }
}

async function offer({ rate, durationMs, window, lateMs }) {
  const startedAt = performance.now();
  const buckets = Array.from({ length: Math.ceil(durationMs / BUCKET_MS) }, () => ({ due: 0, late: 0 }));
  const own = {
    startedAt,
    endsAt: startedAt + durationMs,
    lateMs,
    acked: 0,
    dropped: 0,
    buckets,
    latency: newHistogram(),
  };
  phase = own;
  const cpuBefore = process.cpuUsage();
  let due = 0;
  for (let now = startedAt; now < own.endsAt; now = performance.now()) {
    const until = Math.floor(((now - startedAt) / 1000) * rate);
    for (; due < until; due++) {
      const device = devices[due % devices.length];
      const time = startedAt + (due / rate) * 1000;
      const bucket = bucketOf(own, time);
      bucket.due++;
      if (device.open < window) device.publish(1, time);
      else {
        own.dropped++;
        bucket.late++;
      }
    }
    await sleep(1);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuSeconds = (user + system) / 1e6;
  // What was due at the very end may still be in time.
  const { acked, dropped } = own;
  await sleep(lateMs);
  const late = buckets.map(({ late, due: count }) => late > count * LATE_SHARE);
  const p99Ms = own.latency.getValueAtPercentile(99) / 1000;
  return { due, dropped, acked, seconds, cpuSeconds, p99Ms, lateUntilMs: steadyFrom(late) * BUCKET_MS };
}

function onAcked(_device, times, count) {
  if (!phase) return;
  const now = performance.now();
  if (now < phase.endsAt) phase.acked += count;
  for (let index = 0; index < count; index++) {
    if (times[index] < phase.startedAt) continue;
    const late = now - times[index];
    phase.latency.recordValue(Math.max(1, Math.round(late * 1000)));
    if (late > phase.lateMs) bucketOf(phase, times[index]).late++;
  }
}

function bucketOf({ startedAt, buckets }, time) {
  return buckets[Math.min(buckets.length - 1, Math.floor((time - startedAt) / BUCKET_MS))];
}

function newHistogram() {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3 });
}

function countOpen() {
  return devices.reduce((sum, device) => sum + device.open, 0);
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @returns the first bucket from which on `STEADY_BUCKETS` are in time, their number when there is none */
function steadyFrom(late) {
  for (let first = 0; first + STEADY_BUCKETS <= late.length; first++) {
    if (!late.slice(first, first + STEADY_BUCKETS).includes(true)) return first;
  }
  return late.length;
}
