import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectDevice, mutualTls, type EnrolledDevice } from '../support/enrolled-device.js';
import mqtt from 'mqtt';
import { openTls, publish, subscribe, type RawClient } from '../support/mqtt-raw-client.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { ACCEPTED, REFUSED } from '../unit/json/corpus.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault } from './fault.js';
import { withPlatform, type Platform } from './platform.js';
import { metricOf } from './process-figures.js';
import { untilAcknowledged } from './waiting.js';

const openRaw = ({ key, certificate: cert, ca }: EnrolledDevice, port: number): Promise<RawClient> =>
  openTls(port, { key, cert, ca });

/** How often an event of this type is in a device's stream, and when the first was recorded. */
async function eventsOf(platform: Platform, id: string, type: string): Promise<{ count: number; reasons: string[] }> {
  const rows = await platform.sql<{ payload: string }>(
    `select convert_from(payload, 'UTF8') as payload from journal where stream = $1 and type = $2 order by sequence`,
    [`device/default/${id}`, type],
  );
  const reasons = rows.map(({ payload }) => String((JSON.parse(payload) as { reason?: string }).reason));
  return { count: rows.length, reasons };
}

export const halfOpen: Fault = {
  id: 'F-10',
  title: 'half-open TCP',
  run: () =>
    withPlatform({}, async (platform) => {
      const server = await platform.start();
      const network = await startTcpProxy({ host: '127.0.0.1', port: platform.mqttsPort });
      platform.later(() => network.close());
      platform.load(await platform.enrol(2), { pauseMs: 20 });
      const [silent, taken] = await platform.enrol(2, 'half');
      const open = await metricOf(server, 'fleetlog_mqtt_connections');
      for (const device of [silent!, taken!]) {
        const client = await openRaw(device, network.port);
        platform.later(() => client.end());
        const will = { topic: `devices/${device.id}/events/gone`, payload: Buffer.from('{}'), qos: 1 as const };
        await client.connect({ clientId: device.id, keepalive: 2, will: { ...will, retain: false } });
      }
      const since = Date.now();
      network.set({ kind: 'silent' });
      const back = await connectDevice(taken!, platform.mqttsPort);
      await until(
        'the will is journaled',
        async () => (await eventsOf(platform, silent!.id, 'DeviceEventRecorded')).count > 0,
      );
      const seconds = (Date.now() - since) / 1_000;
      await until('both ends are journaled', async () =>
        (await Promise.all([silent!, taken!].map(({ id }) => eventsOf(platform, id, 'DeviceDisconnected')))).every(
          ({ count }) => count > 0,
        ),
      );
      await sleep(1_000);
      const wills = await eventsOf(platform, silent!.id, 'DeviceEventRecorded');
      assert.equal(wills.count, 1, 'wills');
      assert.ok(seconds > 2.5 && seconds < 8, `the will came after ${seconds} s at a keep-alive of 2 s`);
      assert.ok(back.connected, 'the device that came back is connected');
      assert.equal(await metricOf(server, 'fleetlog_mqtt_connections'), open + 1, 'connections');
      await back.endAsync();
      const { sentence } = await checkEndOfRun(platform);
      return `network silent: one will after ${seconds.toFixed(1)} s at a keep-alive of 2 s, a reconnect took over at once, its connection freed; ${sentence}`;
    }),
};

/** A device that reads nothing of what it subscribes. */
export const slowSubscriber: Fault = {
  id: 'F-12',
  title: 'slow subscriber',
  run: (context) =>
    withPlatform({ kafka: 'shared' }, async (platform) => {
      const server = await platform.start();
      const loads = platform.load(await platform.enrol(4), { pauseMs: 5 });
      const [slow] = await platform.enrol(1, 'slow');
      await untilAcknowledged(platform, 50);
      const client = await openRaw(slow!, platform.mqttsPort);
      platform.later(() => client.end());
      const topic = `devices/${slow!.id}/telemetry`;
      await client.connect({ clientId: slow!.id });
      client.send(subscribe(1, topic));
      await client.next('suback');
      client.socket.pause();
      const messages = context.quick ? 100 : 400;
      const payload = JSON.stringify({ text: 'x'.repeat(64 * 1024 - 20) });
      for (let number = 1; number <= messages; number++)
        client.send(publish(topic, payload, { qos: 1, messageId: number }));
      const pauses = longestPause(platform);
      const since = Date.now();
      await until('it is cut', async () => (await eventsOf(platform, slow!.id, 'DeviceDisconnected')).count > 0);
      const seconds = (Date.now() - since) / 1_000;
      await untilAcknowledged(platform, 100);
      const longest = pauses.stop();
      const { reasons } = await eventsOf(platform, slow!.id, 'DeviceDisconnected');
      assert.deepEqual(reasons, ['SLOW_CONSUMER'], 'why it was cut');
      assert.ok(longest < 3_000, `the others waited ${longest} ms for an acknowledgement`);
      assert.equal(
        loads.reduce((sum, { closes }) => sum + closes, 0),
        0,
        'other connections that ended',
      );
      assert.ok((await metricOf(server, 'fleetlog_mqtt_connections')) === loads.length, 'connections');
      await client.end();
      const { sentence } = await checkEndOfRun(platform);
      return `${messages} × 64 KiB to a device that reads nothing: cut after ${seconds.toFixed(1)} s, the others waited ${longest} ms at most; ${sentence}`;
    }),
};

/** Watches the time between two acknowledgements of whomever. */
function longestPause({ ledger }: Platform): { stop(): number } {
  let [longest, count, since] = [0, ledger.count, Date.now()];
  const timer = setInterval(() => {
    if (ledger.count === count) return;
    longest = Math.max(longest, Date.now() - since);
    [count, since] = [ledger.count, Date.now()];
  }, 10);
  return {
    stop() {
      clearInterval(timer);
      return longest;
    },
  };
}

export const reconnectStorm: Fault = {
  id: 'F-13',
  title: 'reconnect storm after a restart under load',
  longOnly: true,
  run: (context) =>
    withPlatform({}, async (platform) => {
      await platform.start();
      const count = context.quick ? 60 : 1_000;
      const loads = platform.load(await platform.enrol(count), { pauseMs: 1_000, inFlight: 1 });
      const connected = (): number => loads.filter(({ client }) => client.connected).length;
      await allBack(connected, count);
      let slowest = 0;
      const rounds = context.rounds(1, 2);
      for (let round = 0; round < rounds; round++) {
        if (round % 2 === 0) await platform.server.kill();
        else await platform.server.stop();
        const server = await platform.start();
        const since = Date.now();
        await allBack(connected, count);
        slowest = Math.max(slowest, (Date.now() - since) / 1_000);
        assert.ok(
          !/timeout exceeded|Connection terminated due to/.test(server.log()),
          'the pool of Postgres is exhausted',
        );
      }
      await untilAcknowledged(platform, count);
      const { sentence } = await checkEndOfRun(platform, { relayMs: 120_000 });
      const [silent] = await platform.sql<{ count: string }>(
        `select count(*) from journal where type = 'DeviceDisconnected' and convert_from(payload, 'UTF8') like '%KEEP_ALIVE%'`,
      );
      assert.equal(Number(silent!.count), 0, 'devices that were thought silent');
      return `${count.toLocaleString('en')} devices back within ${slowest.toFixed(1)} s of a restart under load, ${rounds} ×, pool never exhausted, none thought silent; ${sentence}`;
    }),
};

const STORM_MS = 120_000;

async function allBack(connected: () => number, count: number): Promise<void> {
  for (const late = Date.now() + STORM_MS; connected() < count;) {
    await sleep(50);
    assert.ok(Date.now() < late, `only ${connected()} of ${count} devices are back after ${STORM_MS / 1_000} s`);
  }
}

/** SEC-07: the newest connection stays, however often two clients take a device from each other. */
export const identityFight: Fault = {
  id: 'F-14',
  title: 'two clients fight over one identity',
  waits: true,
  run: (context) =>
    withPlatform({}, async (platform) => {
      const server = await platform.start();
      platform.load(await platform.enrol(2), { pauseMs: 10 });
      const [device] = await platform.enrol(1, 'wanted');
      let changes = 0;
      const fighters = [1, 2].map((fighter) => {
        const client = mqtt.connect(
          mutualTls(device!, platform.mqttsPort, {
            clientId: `fighter-${fighter}`,
            clean: false,
            reconnectPeriod: 50,
            reconnectOnConnackError: true,
          }),
        );
        client.on('error', () => undefined);
        client.on('connect', () => (changes += 1));
        platform.later(() => client.endAsync(true));
        return client;
      });
      await sleep(context.quick ? 4_000 : 30_000);
      assert.ok(changes >= 4, `the device changed hands ${changes} times`);
      const open = await metricOf(server, 'fleetlog_mqtt_connections');
      assert.ok(open <= 2 + 2, `${open} connections are open`);
      await fighters[0]!.endAsync(true);
      await until('the other has it', () => fighters[1]!.connected);
      await fighters[1]!.publishAsync(`devices/${device!.id}/telemetry`, '{"t":1}', { qos: 1 });
      await fighters[1]!.endAsync();
      await until('nothing is left open', async () => (await metricOf(server, 'fleetlog_mqtt_connections')) === 2);
      const { sentence } = await checkEndOfRun(platform);
      return `two clients took a device from each other ${changes} times: never more than one of them open for long, nothing left open; ${sentence}`;
    }),
};

/** Documents that are JSON but no telemetry, and one that is as long as a payload may be. */
const WRONG_SCHEMA: readonly Buffer[] = [
  '{"temperature":null}',
  '{"ts":"yesterday","values":{"a":1}}',
  '{"ts":1,"values":[]}',
  '{"values":{}}',
  '[]',
  `{"text":"${'x'.repeat(127 * 1024)}"}`,
].map((text) => Buffer.from(text));

export const poison: Fault = {
  id: 'F-16',
  title: 'poison payloads',
  run: () =>
    withPlatform({}, async (platform) => {
      await platform.start();
      platform.load(await platform.enrol(2), { pauseMs: 20 });
      const [device] = await platform.enrol(1, 'poison');
      const topic = `devices/${device!.id}/telemetry`;
      const payloads = [...Object.values(REFUSED), ...Object.values(ACCEPTED), ...WRONG_SCHEMA];
      const answered = await publishEach(platform, device!, topic, payloads);
      const { count } = await eventsOf(platform, device!.id, 'MessageRejected');
      const recorded = await eventsOf(platform, device!.id, 'TelemetryRecorded');
      const refused = Object.keys(REFUSED).length + WRONG_SCHEMA.length;
      assert.ok(count >= refused, `${count} were rejected, at least ${refused} had to be`);
      assert.equal(count + recorded.count, payloads.length, 'each payload is recorded or rejected, once');
      await platform.server.kill();
      await platform.start();
      await untilAcknowledged(platform, 20);
      const { sentence } = await checkEndOfRun(platform);
      return `${answered} poison payloads: each acknowledged, ${count} rejected once with their reason, the rest recorded; subscriptions and replay passed over them; ${sentence}`;
    }),
};

/** One at a time, over as many connections as it takes: too many refusals slow a connection down (SEC-48). */
async function publishEach(
  platform: Platform,
  device: EnrolledDevice,
  topic: string,
  payloads: readonly Buffer[],
): Promise<number> {
  const perConnection = 90;
  let answered = 0;
  for (let from = 0; from < payloads.length; from += perConnection) {
    const client = await openRaw(device, platform.mqttsPort);
    await client.connect({ clientId: device.id });
    for (const [index, payload] of payloads.slice(from, from + perConnection).entries()) {
      client.send(publish(topic, payload, { qos: 1, messageId: index + 1 }));
      await client.next('puback');
      answered += 1;
    }
    client.send({ cmd: 'disconnect' });
    await client.closed;
  }
  return answered;
}
