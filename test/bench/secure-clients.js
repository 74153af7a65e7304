// Devices over mutual TLS, a process of its own: raw MQTT 3.1.1, or nothing but the handshake and four bytes against a bare TLS server.
// Forked; messages: { type: 'start', port, ca, devices: [{ id, key, certificate }] }, then any number of
//   { type: 'hold', from, count, atOnce } → { type: 'held' } once all of them are connected and stay so
//   { type: 'release' } → { type: 'released' } once all held connections are closed
//   { type: 'storm', durationMs, atOnce, resumed } → { type: 'stormed', connects, seconds, resumed, lastConnects: { id: count } }
// One connect of a storm: TCP, handshake, CONNECT, CONNACK, DISCONNECT, end. `resumed` offers the session of the device's last handshake.
import { createSecureContext, connect } from 'node:tls';
import { performance } from 'node:perf_hooks';
import packets from 'mqtt-packet';

const CONNACK_BYTES = 4;
const KEEP_ALIVE_SECONDS = 1200;

let target;
let devices = [];
const held = new Set();

process.on('message', (message) => {
  void handle(message).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));

async function handle(message) {
  switch (message.type) {
    case 'start':
      target = { port: message.port, host: '127.0.0.1', ca: message.ca };
      devices = message.devices.map(({ id, key, certificate }) => ({
        id,
        context: createSecureContext({ key, cert: certificate, ca: message.ca }),
        hello: packets.generate({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: 4,
          clean: true,
          clientId: id,
          keepalive: KEEP_ALIVE_SECONDS,
        }),
        session: undefined,
      }));
      process.send({ type: 'started' });
      return;
    case 'hold': {
      const { from, count, atOnce } = message;
      await inParallel(devices.slice(from, from + count), atOnce, async (device) => {
        const socket = await open(device);
        held.add(socket);
      });
      process.send({ type: 'held', count: held.size });
      return;
    }
    case 'release':
      await Promise.all([...held].map(close));
      held.clear();
      process.send({ type: 'released' });
      return;
    case 'storm':
      process.send({ type: 'stormed', ...(await storm(message)) });
      return;
  }
}

async function storm({ durationMs, atOnce, resumed }) {
  let connects = 0;
  let reused = 0;
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() - began < durationMs) {
        const device = devices[next++ % devices.length];
        const socket = await open(device, resumed);
        connects++;
        if (socket.isSessionReused()) reused++;
        await close(socket);
      }
    }),
  );
  return { connects, reused, seconds: (performance.now() - began) / 1000 };
}

/** Resolves when the device has its CONNACK (or the bare server's four bytes). */
function open(device, resumed = false) {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...target,
      secureContext: device.context,
      checkServerIdentity: () => undefined,
      ...(resumed && device.session && { session: device.session }),
    });
    socket.on('session', (session) => (device.session = session));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error(`${device.id} was closed before its CONNACK`)));
    let answer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < CONNACK_BYTES) return;
      socket.removeAllListeners('data');
      socket.resume();
      if (answer[3] === 0) resolve(socket);
      else reject(new Error(`${device.id} was refused with code ${answer[3]}`));
    });
    // With the first flight of application data: no extra round trip.
    socket.write(device.hello);
  });
}

function close(socket) {
  return new Promise((resolve) => {
    socket.removeAllListeners('close');
    socket.removeAllListeners('error');
    socket.on('error', resolve);
    socket.once('close', resolve);
    socket.end(packets.generate({ cmd: 'disconnect' }));
  });
}

async function inParallel(items, atOnce, work) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
