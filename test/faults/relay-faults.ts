import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { API, type KafkaProxy } from '../support/kafka-proxy.js';
import { systemStatus } from '../support/journal-lines.js';
import { until } from '../support/until.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault, FaultContext } from './fault.js';
import { cpuSeconds } from './process-figures.js';
import { withPlatform, type Platform } from './platform.js';
import { untilAcknowledged } from './waiting.js';

/** I5: Kafka is not there when the platform starts, comes, goes for minutes, and comes back. */
export const kafkaAway: Fault = {
  id: 'F-20',
  title: 'Kafka away for minutes, and from before the start',
  waits: true,
  run: (context) =>
    withPlatform({ kafka: kafkaOf(context) }, async (platform) => {
      platform.killKafka();
      const server = await platform.start();
      const loads = platform.load(await platform.enrol(6), { pauseMs: context.quick ? 10 : 50 });
      await untilAcknowledged(platform, 200);
      await platform.restartKafka();
      await until('the relay has caught up', async () => lagOf(await systemStatus(server)) < 100);

      platform.killKafka();
      await untilAcknowledged(platform, 50);
      await until('the relay waits', async () => (await systemStatus(server)).relay.state === 'waiting');
      const ready = await fetch(`${server.ready.url}/readyz`);
      assert.equal(ready.status, 200, '/readyz while Kafka is away');
      const told = (await ready.json()) as { parts: Record<string, { state: string }> };
      assert.equal(told.parts.kafka?.state, 'degraded', 'Kafka in /readyz');
      const lag = await checkLag(platform);
      // The devices rest for the greater part: what the process does then, it does for Kafka's sake.
      await Promise.all(loads.slice(1).map((load) => load.finish()));
      const cpuBefore = await cpuSeconds(server.pid);
      const awayMs = context.quick ? 4_000 : 10 * 60_000;
      await sleep(awayMs);
      const busy = ((await cpuSeconds(server.pid)) - cpuBefore) / (awayMs / 1_000);
      // A timed assertion: not on the shared machines on which `npm test` runs.
      assert.ok(
        context.quick || busy < 0.25,
        `the process takes ${(busy * 100).toFixed(0)} % of a core while Kafka is away`,
      );
      assert.equal(
        loads.reduce((sum, { closes }) => sum + closes, 0),
        loads.length - 1,
        'connections that ended',
      );
      const waiting = lagOf(await systemStatus(server));
      await platform.restartKafka();
      const { sentence } = await checkEndOfRun(platform);
      const away = context.quick ? '4 s' : '10 min';
      return `Kafka away before the start and for ${away}, ${(busy * 100).toFixed(0)} % of a core meanwhile, a lag of ${lag} told rightly and ${waiting} at the end: ${sentence}`;
    }),
};

/** In the short form connections to the broker are cut and refused, in the long one it is killed. */
const kafkaOf = ({ quick }: FaultContext) => (quick ? ('proxied' as const) : ('own' as const));

/** The lag that is told is what the journal holds and the topic does not. */
async function checkLag(platform: Platform): Promise<number> {
  const [row] = await platform.sql<{ head: string; relayed: string }>(
    'select sum(head) as head, sum(relayed) as relayed from shard',
  );
  const told = lagOf(await systemStatus(platform.server));
  const atLeast = Number(row!.head) - Number(row!.relayed);
  // The mirror is a second behind, and the devices go on meanwhile.
  assert.ok(told > 0 && Math.abs(told - atLeast) < 2_000, `told ${told} events behind, the journal says ${atLeast}`);
  return told;
}

function lagOf({ shards }: Awaited<ReturnType<typeof systemStatus>>): number {
  return shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
}

/** I4: a broker that dies, is slow, or does what it is asked and loses the answer. */
export const brokerFails: Fault = {
  id: 'F-21',
  title: 'broker killed, slow, and its answers lost',
  async run(context) {
    const killedTimes = await withPlatform({ kafka: kafkaOf(context) }, async (platform) => {
      await platform.start();
      platform.load(await platform.enrol(6), { pauseMs: 10 });
      const kills = context.rounds(1, 5);
      for (let kill = 0; kill < kills; kill++) {
        await untilAcknowledged(platform, 300);
        platform.killKafka();
        await untilAcknowledged(platform, 300);
        await sleep(context.random() * (context.quick ? 500 : 5_000));
        await platform.restartKafka();
      }
      const { sentence } = await checkEndOfRun(platform);
      return `broker ${context.quick ? 'cut off' : 'killed'} ${kills} times: ${sentence}`;
    });
    return `${killedTimes}; ${await loseAnswers(context)}`;
  },
};

/** The steps of a transaction: where a lost request or answer hurts. */
const OF_TRANSACTIONS: readonly number[] = [
  API.produce,
  API.initProducerId,
  API.addPartitionsToTransaction,
  API.endTransaction,
];

function loseAnswers(context: FaultContext): Promise<string> {
  return withPlatform({ kafka: 'proxied' }, async (platform) => {
    const kafka = platform.kafkaProxy!;
    await platform.start();
    platform.load(await platform.enrol(6), { pauseMs: 10 });
    await untilAcknowledged(platform, 100);
    const cuts = await cutAtRandom(kafka, context);
    kafka.delayMs = 3_000;
    await untilAcknowledged(platform, 200);
    await sleep(context.quick ? 2_000 : 15_000);
    kafka.delayMs = 0;
    const { sentence } = await checkEndOfRun(platform);
    return `${cuts} requests and answers of transactions lost, then a broker slow by 3 s: ${sentence}`;
  });
}

async function cutAtRandom(proxy: KafkaProxy, context: FaultContext): Promise<number> {
  const wanted = context.rounds(8, 60);
  let cuts = 0;
  const maybe = ({ api }: { readonly api: number }): 'pass' | 'cut' => {
    if (cuts >= wanted || !OF_TRANSACTIONS.includes(api) || context.random() > 0.08) return 'pass';
    cuts += 1;
    return 'cut';
  };
  proxy.onRequest = maybe;
  proxy.onAnswer = maybe;
  for (const late = Date.now() + 120_000; cuts < wanted;) {
    await sleep(20);
    if (Date.now() > late) throw new Error(`only ${cuts} of ${wanted} requests and answers could be lost`);
  }
  proxy.onRequest = () => 'pass';
  proxy.onAnswer = () => 'pass';
  return cuts;
}
