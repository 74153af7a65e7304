import type { Recorded } from '../../actors/kernel/ports/entities.js';
import type { Journal } from '../../actors/kernel/ports/journal.js';
import { firstSequenceAfter } from '../events/stream-page.js';

/** By how much the clocks of nodes may differ. */
const CLOCK_MARGIN_MS = 60_000;
const CHUNK = 500;

/**
 * Looks in a stream for what a request with an `Idempotency-Key` has done: its events carry the key in their metadata.
 * @param idempotencyKey as in `Origin`
 * @param since ms since 1970, by some node's clock
 */
export async function findEffect(
  journal: Pick<Journal, 'readStream'>,
  stream: string,
  idempotencyKey: string,
  since: number,
): Promise<Recorded | undefined> {
  const mark = `"idempotencyKey":${JSON.stringify(idempotencyKey)}`;
  let sequence = await firstSequenceAfter(journal, stream, since - CLOCK_MARGIN_MS);
  for (;;) {
    const events = await journal.readStream(stream, sequence, CHUNK);
    const found = events.filter(({ metadata }) => metadata.includes(mark));
    const [first] = found;
    if (first !== undefined) {
      const { shard, sequence: at, position } = first;
      return { stream, shard, sequence: at, position, count: found.length };
    }
    if (events.length === 0) return undefined;
    sequence += events.length;
  }
}
