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
/** Platforms that are played side by side: half of a round is the start of a process, the other half waits. */
const PLATFORMS = 2;

/** REL-01: whatever was acknowledged is there after `kill -9` at any instant. */
export const killed: Fault = {
  id: 'F-01',
  title: 'kill -9 at any instant, and at each named failpoint',
  async run(context) {
    const rounds = context.rounds(3, 200);
    const platforms = context.quick ? 1 : PLATFORMS;
    const atRandom = Array.from({ length: platforms }, (_, index) =>
      killAtRandom(context, Math.floor((rounds + index) / platforms)),
    );
    // None is left running when another has failed.
    const ends = await Promise.allSettled([...atRandom, killAtFailpoints(context)]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return ends.map((end) => (end.status === 'fulfilled' ? end.value : '')).join('; ');
  },
};

function killAtRandom(context: FaultContext, rounds: number): Promise<string> {
  return withPlatform({ kafka: context.quick ? 'shared' : 'own' }, async (platform) => {
    await platform.start();
    platform.load(await platform.enrol(12), { pauseMs: 20 });
    for (let round = 1; round <= rounds; round++) {
      await untilAcknowledged(platform, 1);
      await sleep(lifeMs(context));
      await platform.server.kill();
      if (!context.quick && round % KAFKA_EVERY === 0) {
        platform.killKafka();
        await platform.restartKafka();
      }
      await platform.start();
      if (round % 10 === 0) context.log(`F-01 round ${round} of ${rounds}: ${platform.ledger.count} acknowledged`);
    }
    const { sentence } = await checkEndOfRun(platform);
    return `${rounds} × kill -9 at a random instant under load: ${sentence}`;
  });
}

/** Any instant up to the longest life, and more often an early one: what recovery and reconnects do is over soon. */
function lifeMs({ quick, random }: FaultContext): number {
  return random() ** 2 * (quick ? LIFE_MS / 3 : LIFE_MS);
}
