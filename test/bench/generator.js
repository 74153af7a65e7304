// Load generator, a process of its own: raw MQTT 3.1.1 over TCP, closed loop, `inFlight` QoS 1 publishes per connection.
// Forked; its first message says what to do: { port, connections: [{ clientId, topic, username?, password? }], inFlight, durationMs }
// Prints one JSON line: { acked, seconds, perSecond, latencyMs: { p50, p99, max } }. Latency counts from the write (closed loop).
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { build } from 'hdr-histogram-js';
import packets from 'mqtt-packet';

const CONNACK = 0x20;
const PUBACK = 0x40;
const WARM_UP_MS = 1000;

const { port, connections, inFlight, durationMs } = await new Promise((resolve) => process.once('message', resolve));
const run = Date.now().toString(36); // ids differ from those of earlier runs, or the window of message ids would swallow them
const latency = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: 60_000_000,
  numberOfSignificantValueDigits: 3,
});
let measuring = false;
let sending = true;
let acked = 0;
let total = 0;

/** One device: keeps `inFlight` publishes open until told to stop. */
function runDevice({ clientId, topic, username, password }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const sentAt = new Map();
    let messageId = 0;
    let number = 0;
    let rest = Buffer.alloc(0);

    const publish = () => {
      messageId = (messageId % 65_535) + 1;
      number++;
      // 100 bytes, as measure.md asks; the id lets the check afterwards tell each message apart.
      const body = `{"id":"${run}-${number}","temperature":${(20 + (number % 100) / 10).toFixed(1)},"humidity":0.5,"note":"`;
      const payload = `${body}${'x'.repeat(Math.max(0, 98 - body.length))}"}`;
      sentAt.set(messageId, performance.now());
      return packets.generate({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false });
    };
    const fill = (count) => sending && socket.write(Buffer.concat(Array.from({ length: count }, publish)));

    socket.on('error', reject);
    socket.on('close', () =>
      sentAt.size === 0 && !sending
        ? resolve(number)
        : reject(new Error(`${clientId} was closed with ${sentAt.size} open`)),
    );
    socket.on('data', (chunk) => {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let offset = 0;
      let answered = 0;
      // Everything the broker says to such a client is four bytes long.
      for (; offset + 4 <= data.length; offset += 4) {
        const kind = data[offset];
        if (kind === CONNACK) {
          if (data[offset + 3] !== 0) return reject(new Error(`${clientId} was refused with code ${data[offset + 3]}`));
          fill(inFlight);
        } else if (kind === PUBACK) {
          const id = data.readUInt16BE(offset + 2);
          if (measuring) {
            acked++;
            latency.recordValue(Math.round((performance.now() - sentAt.get(id)) * 1000));
          }
          total++;
          sentAt.delete(id);
          answered++;
        } else return reject(new Error(`${clientId} got packet ${kind.toString(16)}`));
      }
      rest = data.subarray(offset);
      if (answered > 0) fill(answered);
      if (!sending && sentAt.size === 0) socket.end(packets.generate({ cmd: 'disconnect' }));
    });
    socket.write(
      packets.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId,
        keepalive: 60,
        username,
        password,
      }),
    );
  });
}

const devices = connections.map(runDevice);
await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
measuring = true;
const began = performance.now();
process.send?.({ type: 'measuring' });
await new Promise((resolve) => setTimeout(resolve, durationMs));
measuring = false;
const seconds = (performance.now() - began) / 1000;
process.send?.({ type: 'measured', acked });
sending = false;
await Promise.all(devices);
const ms = (percentile) => Number((latency.getValueAtPercentile(percentile) / 1000).toFixed(2));
process.stdout.write(
  `${JSON.stringify({ acked, total, seconds, perSecond: Math.round(acked / seconds), latencyMs: { p50: ms(50), p99: ms(99), max: ms(100) } })}\n`,
);
process.exit(0);
