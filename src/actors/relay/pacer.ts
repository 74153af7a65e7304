/**
 * Gives the transactions of all shards their turns. A transaction costs about 1.5 ms of CPU in Kafka and here, whatever it
 * holds (bench `relay`), so small ones are spread: one shard alone goes on almost at once, many shards take turns and collect
 * events meanwhile. Transactions that carry more are given more time, which halves their number under load.
 */
export interface Pacer {
  /**
   * Takes the next turn for a shard whose last transaction has held `events`.
   * @param now monotonic, ms
   * @returns ms until then
   */
  nextTurn(now: number, events: number): number;
}

/** Least and greatest time from one turn to the next, ms. Longer ones save little CPU and add up over the shards. */
const SHORTEST_MS = 2;
const LONGEST_MS = 4;
/** How many events in a transaction make its turn a millisecond longer. With few, longer turns would fill themselves up. */
const EVENTS_PER_MS = 12;
/** A shard rests so long at least: until then Kafka still writes the end of its last transaction, and would refuse the next (K11). */
const REST_MS = 5;
/** No shard waits longer, however many there are. */
const PATIENCE_MS = 100;

export function createPacer(): Pacer {
  let free = -Infinity;
  return {
    nextTurn(now, events) {
      const turn = Math.min(Math.max(now + REST_MS, free), now + PATIENCE_MS);
      free = turn + Math.min(Math.max(events / EVENTS_PER_MS, SHORTEST_MS), LONGEST_MS);
      return turn - now;
    },
  };
}
