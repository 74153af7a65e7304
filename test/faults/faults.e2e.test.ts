// The fault matrix (docs/reference/faults.md). `npm test` plays its short form (at most 3 minutes), `npm run test:faults` the
// long one (at most 30).
import { describe, test } from '@jest/globals';
import { FAULTS } from './catalogue.js';
import { createContext, type FaultWish } from './fault.js';

/** Set by tools/faults.js; without it, the short form of everything that has one. */
const wish = JSON.parse(process.env.FLEETLOG_TEST_FAULTS ?? '{"seed":1,"quick":true}') as FaultWish & {
  readonly only?: readonly string[];
};
const LONGEST_MS = 20 * 60_000;

const chosen = FAULTS.filter(({ id, longOnly }) => wish.only?.includes(id) ?? (!wish.quick || !longOnly));

describe('faults, each followed by: ledger = journal = topic, gapless, chains verify, full replay = live state', () => {
  test.each(chosen)(
    '$id $title',
    async ({ id, run }) => {
      const since = Date.now();
      const say = (text: string): void => void process.stderr.write(`${text}\n`);
      try {
        const line = await run(createContext(wish, say));
        say(`${id} ✓ ${line} (${Math.round((Date.now() - since) / 1000)} s)`);
      } catch (error) {
        say(`${id} ✗ ${(error as Error).message.split('\n')[0]} (seed ${wish.seed})`);
        throw error;
      }
    },
    LONGEST_MS,
  );
});
