import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { DeviceLoad } from '../support/device-load.js';
import { connectDevice } from '../support/enrolled-device.js';
import type { FleetlogProcess } from '../support/fleetlog-process.js';
import { API } from '../support/kafka-proxy.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault } from './fault.js';
import { connectIdleDevices } from './idle-devices.js';
import { withPlatform, type Platform } from './platform.js';
import { metricOf } from './process-figures.js';
import { untilAcknowledged } from './waiting.js';

/** I4: two nodes relay the same shards, and one is paused in the middle of a transaction. */
export const twoRelays: Fault = {
  id: 'F-24',
  title: 'two relays on one shard, one paused inside a transaction',
  waits: true,
  longOnly: true,
  run: (context) =>
    withPlatform({ kafka: 'proxied' }, async (platform) => {
      const first = await platform.start();
      const ownDevices = await platform.enrol(4);
      platform.load(ownDevices, { pauseMs: 10 });
      await untilAcknowledged(platform, 50);
      const second = await platform.startSecond();
      platform.load(await platform.enrol(4), { pauseMs: 10, port: second.ready.mqttsPort! });
      await untilAcknowledged(platform, 200);

      const pauses = context.rounds(1, 4);
      for (let pause = 0; pause < pauses; pause++) {
        const active = await relayingNode(platform);
        await pauseInTransaction(platform, active);
        const relayed = await relayedOf(platform);
        await until('the other node relays', async () => (await relayedOf(platform)) > relayed);
        process.kill(active.pid, 'SIGCONT');
        await untilAcknowledged(platform, 400);
      }
      const fences = await settledFences(platform, context.quick ? 4_000 : 20_000);
      // One shard changes hands once when a node starts, and once per pause.
      const shards = 8;
      assert.ok(fences <= shards * (1 + 2 * pauses), `${fences} fences: the relays fight`);
      await Promise.all(platform.loads.map((load) => load.finish()));
      assert.equal(await first.stop(), 0, 'exit code of the first node');
      const { sentence } = await checkEndOfRun(platform);
      assert.equal(await lostSessions(platform), 0, 'sessions of living nodes that were closed as lost');
      return `two nodes, the relaying one stopped ${pauses} × inside a transaction: the other took over, ${fences} fences in all, none while both ran: ${sentence}`;
    }),
};

/** Shards that stand still are taken over one by one. */
const SETTLE_MS = 30_000;

async function relayedOf(platform: Platform): Promise<number> {
  const [row] = await platform.sql<{ relayed: string }>('select sum(relayed) as relayed from shard');
  return Number(row!.relayed);
}

/** Fences that the nodes have suffered, together. */
async function fencesOf({ nodes }: Platform): Promise<number> {
  const counts = await Promise.all(nodes.map((node) => metricOf(node, 'fleetlog_relay_fenced_total')));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Fences, once there were no new ones for a while. */
async function settledFences(platform: Platform, quietMs: number): Promise<number> {
  const late = Date.now() + SETTLE_MS + quietMs;
  for (let before = await fencesOf(platform); ;) {
    await sleep(quietMs);
    const now = await fencesOf(platform);
    if (now === before) return now;
    assert.ok(Date.now() < late, `${now} fences, and no end of them`);
    before = now;
  }
}

/** The node that sends to Kafka now. */
async function relayingNode({ nodes }: Platform): Promise<FleetlogProcess> {
  const sent = (): Promise<number[]> =>
    Promise.all(nodes.map((node) => metricOf(node, 'fleetlog_relay_records_total')));
  const before = await sent();
  const index = await until('one node relays', async () => {
    const found = (await sent()).findIndex((count, node) => count > before[node]! + 20);
    return found >= 0 && { found };
  });
  return nodes[index.found]!;
}

/** Stops the process when the broker has taken its records, and before it hears of that. */
async function pauseInTransaction({ kafkaProxy }: Platform, node: FleetlogProcess): Promise<void> {
  const proxy = kafkaProxy!;
  await new Promise<void>((resolve) => {
    proxy.onAnswer = ({ api }) => {
      if (api !== API.produce) return 'pass';
      proxy.onAnswer = () => 'pass';
      process.kill(node.pid, 'SIGSTOP');
      resolve();
      return 'pass';
    };
  });
}

const IDLE_DEVICES = 20;

/** I3: a node that was paused while another took its devices over appends nothing and acknowledges nothing. */
export const nodePaused: Fault = {
  id: 'F-03',
  title: 'a node paused while another takes over',
  waits: true,
  run: (context) =>
    withPlatform({}, async (platform) => {
      const paused = await platform.start();
      const idle = await connectIdleDevices(platform, IDLE_DEVICES);
      const movers = await platform.enrol(6, 'mover');
      const other = await platform.startSecond();
      const balancer = await startTcpProxy({ host: '127.0.0.1', port: platform.mqttsPort });
      platform.later(() => balancer.close());
      const loads = platform.load(movers, { pauseMs: 5, port: balancer.port });
      const lengths = context.quick ? [6] : [5, 15, 30];
      for (const seconds of lengths) {
        balancer.lead(paused.ready.mqttsPort!);
        await reconnect(balancer, loads);
        await untilAcknowledged(platform, 100);
        const since = Date.now();
        process.kill(paused.pid, 'SIGSTOP');
        await sleep(300); // what the devices send now waits in the sockets of the paused node
        balancer.lead(other.ready.mqttsPort!);
        await detach(balancer, loads);
        await untilAcknowledged(platform, 100);
        await sleep(Math.max(0, seconds * 1_000 - (Date.now() - since)));
        const accepted = await acceptedAfter(paused, () => process.kill(paused.pid, 'SIGCONT'));
        assert.equal(accepted, 0, 'messages that the stale node accepted');
        idle.stayed(`a pause of ${seconds} s`);
      }
      assert.equal(await lostSessions(platform), 0, 'sessions of living nodes that were closed as lost');
      let orphaned = '';
      if (!context.quick) {
        balancer.lead(paused.ready.mqttsPort!);
        await reconnect(balancer, loads);
        orphaned = `, ${await killForGood(platform, other)}`;
        idle.stayed('the death of the other node');
      }
      await idle.end();
      const { sentence } = await checkEndOfRun(platform);
      const stale = await staleEvents(platform);
      assert.equal(stale, 0, 'events of a session after a newer one began');
      return `a node stopped for ${lengths.join(', ')} s while another took its devices: it appended and acknowledged nothing, ${IDLE_DEVICES} idle devices stayed${orphaned}; ${sentence}`;
    }),
};

const ORPHANS = 3;
/** Until a lease has run out and the node that lives has looked. */
const LAPSE_MS = 120_000;

/** What is connected to a node that dies and stays dead is told as lost by the one that lives. */
async function killForGood(platform: Platform, node: FleetlogProcess): Promise<string> {
  for (const device of await platform.enrol(ORPHANS, 'orphan')) {
    const client = await connectDevice(device, node.ready.mqttsPort!);
    client.on('error', () => undefined); // cut, as is meant
    platform.later(() => client.endAsync(true));
  }
  await node.kill();
  const since = Date.now();
  while ((await lostSessions(platform)) < ORPHANS) {
    assert.ok(Date.now() - since < LAPSE_MS, `its devices are not told as lost after ${LAPSE_MS / 1_000} s`);
    await sleep(500);
  }
  return `${ORPHANS} devices of a node that died were told as lost after ${Math.round((Date.now() - since) / 1_000)} s`;
}

async function lostSessions(platform: Platform): Promise<number> {
  const [row] = await platform.sql<{ count: string }>(
    `select count(*) from journal where type = 'DeviceDisconnected' and convert_from(payload, 'UTF8') like '%SERVER_LOST%'`,
  );
  return Number(row!.count);
}

/** The devices leave their connections, and come back to where the balancer leads. */
async function reconnect(balancer: TcpProxy, loads: readonly DeviceLoad[]): Promise<void> {
  balancer.set({ kind: 'down' });
  balancer.set({ kind: 'pass' });
  await Promise.all(loads.map(({ client }) => (client.connected ? Promise.resolve() : eventOf(client, 'connect'))));
}

/** The devices leave their connections, but the node that they led to is not told. */
async function detach(balancer: TcpProxy, loads: readonly DeviceLoad[]): Promise<void> {
  balancer.set({ kind: 'silent' });
  await Promise.all(
    loads.map(({ client }) => {
      const closed = eventOf(client, 'close');
      client.stream.destroy();
      return closed;
    }),
  );
  balancer.set({ kind: 'pass' });
}

const eventOf = (client: MqttClient, event: 'connect' | 'close'): Promise<void> =>
  new Promise((resolve) => client.once(event, () => resolve()));

/** What the node has accepted since `wake`, once it has dealt with what waited for it. */
async function acceptedAfter(node: FleetlogProcess, wake: () => void): Promise<number> {
  const accepted = (): Promise<number> => metricOf(node, 'fleetlog_mqtt_messages_total', 'result="accepted"');
  wake();
  // The first answer after the pause comes in the turn of the event loop that also reads the sockets.
  const before = await accepted();
  await sleep(3_000);
  return (await accepted()) - before;
}

/** Messages that stand behind the beginning of a newer session of their device. */
async function staleEvents(platform: Platform): Promise<number> {
  const [row] = await platform.sql<{ count: string }>(
    `with session as (
       select stream, sequence, type, (convert_from(metadata, 'UTF8')::json ->> 'sessionEpoch')::int as epoch from journal
       where type in ('TelemetryRecorded', 'DeviceConnected'))
     select count(*) from session message where type = 'TelemetryRecorded' and exists (
       select from session newer where newer.stream = message.stream and newer.type = 'TelemetryRecorded'
         and newer.sequence < message.sequence and newer.epoch > message.epoch)`,
  );
  return Number(row!.count);
}
