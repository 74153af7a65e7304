import { setTimeout as sleep } from 'node:timers/promises';
import { checkEndOfRun } from './end-of-run.js';
import { killAtFailpoints } from './failpoints.js';
import type { Fault, FaultContext } from './fault.js';
import { withPlatform } from './platform.js';
import { untilAcknowledged } from './waiting.js';

/** The server lives for a random time up to this before each kill. */
const LIFE_MS = 3_000;
/** Kafka is killed, too, in each n-th round. */
const KAFKA_EVERY = 20;

/** REL-01: whatever was acknowledged is there after `kill -9` at any instant. */
export const killed: Fault = {
  id: 'F-01',
  title: 'kill -9 at any instant, and at each named failpoint',
  async run(context) {
    const atRandom = await killAtRandom(context);
    return `${atRandom}; ${await killAtFailpoints(context)}`;
  },
};

function killAtRandom(context: FaultContext): Promise<string> {
  const rounds = context.rounds(3, 200);
  const lifeMs = context.quick ? LIFE_MS / 3 : LIFE_MS;
  return withPlatform({ kafka: context.quick ? 'shared' : 'own' }, async (platform) => {
    await platform.start();
    platform.load(await platform.enrol(12), { pauseMs: 20 });
    for (let round = 1; round <= rounds; round++) {
      await untilAcknowledged(platform, 1);
      await sleep(context.random() * lifeMs);
      await platform.server.kill();
      if (!context.quick && round % KAFKA_EVERY === 0) {
        platform.killKafka();
        await platform.restartKafka();
      }
      await platform.start();
      if (round % 10 === 0) context.log(`F-01 round ${round}: ${platform.ledger.count} acknowledged`);
    }
    const { sentence } = await checkEndOfRun(platform);
    return `${rounds} × kill -9 at a random instant under load: ${sentence}`;
  });
}
