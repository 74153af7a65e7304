/**
 * Gives the transactions of all shards their turns. A transaction costs about 1.5 ms of CPU in Kafka and here, whatever it
 * holds (bench `relay`), so small ones are spread: one shard alone goes on almost at once, many shards take turns and collect
 * events meanwhile. The more events there are, the less often: where all cores are wanted, PUBACKs wait for each transaction
 * (bench `ingest`).
 */
export interface Pacer {
  /**
   * Takes the next turn for a shard whose last transaction has held `events`.
   * @param now monotonic, ms
   * @returns ms until then
   */
  nextTurn(now: number, events: number): number;
}

/** Least and greatest time from one turn to the next, ms. */
const SHORTEST_MS = 4;
const LONGEST_MS = 25;
/** Above so many events per millisecond, of all shards, turns grow longer than the shortest … */
const FROM_PER_MS = 6;
/** … by so many milliseconds for each more. */
const GROWTH = 5;
/** The rate is counted anew so often, and smoothed over some of these times. */
const COUNT_MS = 100;
const SMOOTHING = 4;
/** A shard rests so long at least: until then Kafka still writes the end of its last transaction, and would refuse the next (K11). */
const REST_MS = 5;
/** No shard waits longer, however many there are. */
const PATIENCE_MS = 250;

export function createPacer(): Pacer {
  let free = -Infinity;
  let countedFrom = -Infinity;
  let counted = 0;
  let perMs = 0;

  function count(now: number, events: number): void {
    counted += events;
    if (now - countedFrom < COUNT_MS) return;
    perMs += (counted / (now - countedFrom) - perMs) / SMOOTHING;
    countedFrom = now;
    counted = 0;
  }

  return {
    nextTurn(now, events) {
      count(now, events);
      const turn = Math.min(Math.max(now + REST_MS, free), now + PATIENCE_MS);
      free = turn + Math.min(SHORTEST_MS + Math.max(perMs - FROM_PER_MS, 0) * GROWTH, LONGEST_MS);
      return turn - now;
    },
  };
}
