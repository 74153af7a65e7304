// The fault matrix (docs/reference/faults.md). `npm test` plays its short form (at most 3 minutes), `npm run test:faults` the
// long one (at most 30).
import { appendFileSync } from 'node:fs';
import { beforeAll, describe, test } from '@jest/globals';
import { FAULTS } from './catalogue.js';
import { createContext, type Fault, type FaultWish } from './fault.js';

/** Set by tools/faults.js; without it, the short form of everything that has one. */
const wish = JSON.parse(process.env.FLEETLOG_TEST_FAULTS ?? '{"seed":1,"quick":true}') as FaultWish & {
  readonly only?: readonly string[];
  /** A file for what was done and held, one JSON document per line. */
  readonly record?: string;
};
const LONGEST_MS = 25 * 60_000;

const chosen = FAULTS.filter(({ id, longOnly }) => wish.only?.includes(id) ?? (!wish.quick || !longOnly));
/** Those that mostly wait run one after the other beside the rest, which runs one after the other, too. */
const waiting = chosen.filter(({ waits }) => waits);
const busy = chosen.filter(({ waits }) => !waits);

async function play({ id, run }: Fault): Promise<void> {
  const since = Date.now();
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const line = await run(createContext(wish, say));
    const seconds = Math.round((Date.now() - since) / 1000);
    say(`${id} ✓ ${line} (${seconds} s)`);
    if (wish.record !== undefined) appendFileSync(wish.record, `${JSON.stringify({ id, line, seconds })}\n`);
  } catch (error) {
    say(`${id} ✗ ${(error as Error).message.split('\n')[0]} (seed ${wish.seed})`);
    throw error;
  }
}

describe('faults, each followed by: ledger = journal = topic, gapless, chains verify, full replay = live state', () => {
  const plays = new Map<Fault, Promise<void>>();

  beforeAll(() => {
    let previous: Promise<unknown> = Promise.resolve();
    for (const fault of waiting) {
      const playing = previous.then(() => play(fault));
      plays.set(fault, playing);
      previous = playing.catch(() => undefined); // told by its own test
    }
  });

  if (busy.length > 0) test.each(busy)('$id $title', play, LONGEST_MS);
  if (waiting.length > 0) test.each(waiting)('$id $title', (fault) => plays.get(fault), LONGEST_MS);
});
