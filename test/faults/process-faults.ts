import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectDevice } from '../support/enrolled-device.js';
import type { FailpointName } from '../support/fleetlog-process.js';
import { until } from '../support/until.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault } from './fault.js';
import { connectIdleDevices } from './idle-devices.js';
import { withPlatform, type Platform } from './platform.js';
import { cpuSeconds, metricOf, residentMiB } from './process-figures.js';
import { untilAcknowledged } from './waiting.js';

const run = promisify(execFile);

/** REL-06. */
const STOP_MS = 10_000;

export const terminated: Fault = {
  id: 'F-02',
  title: 'SIGTERM twice under load, and during a start',
  run: (context) =>
    withPlatform({}, async (platform) => {
      await platform.start();
      platform.load(await platform.enrol(8), { pauseMs: 2 });
      const rounds = context.rounds(1, 8);
      let slowest = 0;
      for (let round = 0; round < rounds; round++) {
        await untilAcknowledged(platform, 100);
        const since = Date.now();
        const ended = platform.server.stop();
        await sleep(context.random() * 200);
        process.kill(platform.server.pid, 'SIGTERM');
        assert.equal(await ended, 0, 'exit code');
        slowest = Math.max(slowest, Date.now() - since);
        await terminateStart(platform, 200 + context.random() * 1_500);
        await platform.start();
      }
      assert.ok(slowest < STOP_MS, `a stop took ${slowest} ms`);
      const { sentence } = await checkEndOfRun(platform);
      return `SIGTERM twice under load and once during a start, ${rounds} × each: exit code 0 within ${(slowest / 1_000).toFixed(1)} s; ${sentence}`;
    }),
};

/** A start that is stopped half-way ends in order, too; before it has begun, the signal itself ends it. */
async function terminateStart(platform: Platform, afterMs: number): Promise<void> {
  const starting = platform.start({ onSpawn: (pid) => setTimeout(() => process.kill(pid, 'SIGTERM'), afterMs) });
  const end = await starting.then(
    async (server) => String(await server.ended),
    (error: unknown) => /ended with (\w+) before/.exec((error as Error).message)?.[1],
  );
  assert.ok(end === '0' || end === 'null', `exit code of a start that was stopped: ${end}`);
}

/** What is thrown where. One device is hit, the others must not notice. */
const THROWS: readonly FailpointName[] = ['in-decide', 'in-evolve', 'in-hook'];

export const codeThrows: Fault = {
  id: 'F-04',
  title: 'a throw in decide, evolve, hook and projection',
  run: () =>
    withPlatform({}, async (platform) => {
      const server = await platform.start({ failpoints: true });
      const [victim, ...others] = await platform.enrol(5);
      platform.load(others, { pauseMs: 5 });
      const [hit] = platform.load([victim!], { pauseMs: 5 });
      for (const at of THROWS) {
        await untilAcknowledged(platform, 50);
        const { closes } = hit!;
        server.arm({ at, of: victim!.id, act: 'throw' });
        await until(`${at} has hit the one device`, () => hit!.closes > closes);
        await untilAcknowledged(platform, 100);
        server.arm({ at: 'none' });
        await until('the device is back', () => hit!.client.connected);
      }
      server.arm({ at: 'in-projection', act: 'throw' });
      const late = await platform.server.call('POST', '/devices', { id: 'late-1' });
      assert.equal(late.status, 201, 'registering while the projection throws');
      await untilAcknowledged(platform, 100);
      server.arm({ at: 'none' });
      await until('the projection has caught up', async () => {
        const listed = await server.call('GET', '/devices?search=late-1');
        return ((await listed.json()) as { items: unknown[] }).items.length === 1;
      });
      const closes = platform.loads.filter((load) => load !== hit && load.closes > 0).length;
      assert.equal(closes, 0, 'other devices that lost their connection');
      assert.ok(!server.log().includes('nhandled'), 'an unhandled rejection');
      const { sentence } = await checkEndOfRun(platform);
      return `threw in decide, evolve and a broker's hook for one device, then in the projection: ${others.length} other devices noticed nothing; ${sentence}`;
    }),
};

export const eventLoopBlocked: Fault = {
  id: 'F-05',
  title: 'event loop blocked for 100 ms and 2 s',
  run: () =>
    withPlatform({}, async (platform) => {
      const server = await platform.start({ failpoints: true });
      const idle = await connectIdleDevices(platform, 20, { keepAliveSeconds: 1, pingMs: 500 });
      platform.load(await platform.enrol(4), { pauseMs: 5 });
      await untilAcknowledged(platform, 50);
      for (const blockMs of [100, 2_000]) {
        server.arm({ at: 'event-loop', blockMs });
        await sleep(blockMs + 500);
        await untilAcknowledged(platform, 50);
        idle.stayed(`a block of ${blockMs} ms`);
      }
      const ready = await fetch(`${server.ready.url}/readyz`);
      const { parts } = (await ready.json()) as { parts: Record<string, { state: string; reason?: string }> };
      assert.equal(ready.status, 200, '/readyz after a block');
      assert.equal(parts.process?.state, 'degraded', 'the process in /readyz');
      await idle.end();
      const { sentence } = await checkEndOfRun(platform);
      return `event loop blocked for 0.1 and 2 s: told as degraded (${parts.process.reason}), ${idle.count} devices with a keep-alive of 1 s stayed; ${sentence}`;
    }),
};

/** A heap that would hold the flood is no test of the limits. */
const HEAP_MIB = 192;
const MOST_RESIDENT_MIB = 600;

export const memoryShort: Fault = {
  id: 'F-06',
  title: 'little memory, thousands of half CONNECTs and a flood',
  longOnly: true,
  run: (context) =>
    withPlatform({ env: { MQTT_PORT: '0', FLEETLOG_RATE_PUBLISH: '0' } }, async (platform) => {
      const server = await platform.start({ nodeFlags: [`--max-old-space-size=${HEAP_MIB}`] });
      const halves = context.quick ? 400 : 4_000;
      platform.load(await platform.enrol(context.quick ? 4 : 20), { inFlight: 100, ballastBytes: 8_000 });
      await untilAcknowledged(platform, 100);
      const sockets = await openHalfConnects(server.ready.plainPort!, halves);
      platform.later(() => sockets.forEach((socket) => socket.destroy()));
      let most = 0;
      for (const end = Date.now() + (context.quick ? 3_000 : 25_000); Date.now() < end;) {
        await sleep(250);
        most = Math.max(most, await residentMiB(server.pid));
      }
      const [good] = await platform.enrol(1, 'good');
      const client = await connectDevice(good!, platform.mqttsPort);
      await client.publishAsync(`devices/${good!.id}/telemetry`, '{"t":1}', { qos: 1 });
      await client.endAsync();
      for (const socket of sockets) socket.destroy();
      assert.ok(most < MOST_RESIDENT_MIB, `${Math.round(most)} MiB are resident`);
      const { sentence } = await checkEndOfRun(platform, { relayMs: 180_000 });
      return `heap of ${HEAP_MIB} MiB, ${halves.toLocaleString('en')} half CONNECTs and a flood: at most ${Math.round(most)} MiB resident, a good device was served; ${sentence}`;
    }),
};

/** The first bytes of a CONNECT that declares more. */
const HALF_CONNECT = Buffer.from([0x10, 0x40, 0x00, 0x04, 0x4d, 0x51]);

async function openHalfConnects(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  await Promise.all(
    sockets.map((socket) => {
      socket.on('error', () => undefined); // refused or cut: what the limits are for
      return new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.once('connect', () => socket.write(HALF_CONNECT, () => resolve()));
      });
    }),
  );
  return sockets;
}

const DESCRIPTORS = 256;

export const descriptorsUsedUp: Fault = {
  id: 'F-07',
  title: 'file descriptors used up',
  longOnly: true,
  run: (context) =>
    withPlatform({ env: { MQTT_PORT: '0' } }, async (platform) => {
      const server = await platform.start();
      platform.load(await platform.enrol(4), { pauseMs: 50 });
      await untilAcknowledged(platform, 20);
      await run('prlimit', [`--pid=${server.pid}`, `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`]);
      const before = await cpuSeconds(server.pid);
      const watchedMs = context.quick ? 3_000 : 9_000;
      const sockets = await openHalfConnects(server.ready.plainPort!, DESCRIPTORS * 2);
      platform.later(() => sockets.forEach((socket) => socket.destroy()));
      await sleep(watchedMs);
      const busy = ((await cpuSeconds(server.pid)) - before) / (watchedMs / 1_000);
      assert.ok(busy < 0.8, `the process takes ${(busy * 100).toFixed(0)} % of a core`);
      await untilAcknowledged(platform, 20);
      const closes = platform.loads.reduce((sum, load) => sum + load.closes, 0);
      assert.equal(closes, 0, 'connected devices that lost their connection');
      for (const socket of sockets) socket.destroy();
      const [good] = await until('REST is served again', () => platform.enrol(1, 'good').catch(() => false as const));
      await (await connectDevice(good!, platform.mqttsPort)).endAsync();
      const { sentence } = await checkEndOfRun(platform);
      return `${DESCRIPTORS} descriptors, twice as many sockets: ${(busy * 100).toFixed(0)} % of a core, connected devices lived on, new ones were served afterwards; ${sentence}`;
    }),
};

export const logUnread: Fault = {
  id: 'F-43',
  title: 'log reader stopped',
  run: (context) =>
    withPlatform({}, async (platform) => {
      const server = await platform.start({ failpoints: true, output: await unreadPipe(platform) });
      platform.load(await platform.enrol(4), { pauseMs: 2 });
      const dropped = (): Promise<number> => metricOf(server, 'fleetlog_log_lines_dropped_total');
      server.arm({ at: 'in-decide', of: 'noise', act: 'throw', messageLength: 20_000 });
      while ((await dropped()) === 0)
        await Promise.all(Array.from({ length: 50 }, () => server.call('POST', '/devices', { id: 'noise' })));
      server.arm({ at: 'none' });
      await untilAcknowledged(platform, context.quick ? 300 : 3_000);
      const lines = await dropped();
      const { sentence } = await checkEndOfRun(platform);
      return `standard output and error unread: ${lines.toLocaleString('en')} log lines dropped and counted, stopped in order; ${sentence}`;
    }),
};

/** The end of a pipe whose other end is open, and never read. */
async function unreadPipe(platform: Platform): Promise<number> {
  const path = join(platform.folder, 'unread');
  await run('mkfifo', [path]);
  // For both, so that opening waits for nobody.
  const pipe = await open(path, 'r+');
  platform.later(() => pipe.close());
  return pipe.fd;
}
