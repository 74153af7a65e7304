/**
 * Gives shards that are behind their turns while devices wait for commits: their PUBACKs go before, and what is behind waits
 * safely in the journal. As much is sent as leaves the event loop a part of its time, but never less than `LEAST_PER_MS`, so that
 * a load that goes on for ever does not starve the relay (bench `overload`).
 */
export interface CatchUpPacer {
  /**
   * Takes the next turn for a shard whose last transaction has held `events`.
   * @param now monotonic, ms
   * @returns ms until then
   */
  nextTurn(now: number, events: number): number;
}

/** Events per millisecond, of all shards. */
const LEAST_PER_MS = 25;
const MOST_PER_MS = 100;
/** Above this share of busy time fewer are sent. */
const BUSY = 0.85;
const MEASURE_MS = 100;
const SLOWER = 0.8;
const FASTER = 1.15;
/** Until then Kafka still writes the end of the shard's last transaction, and would refuse the next (K11). */
const REST_MS = 5;

/** @param busyShare share of the time since its last call that the event loop was busy, 0 … 1 */
export function createCatchUpPacer(busyShare: () => number): CatchUpPacer {
  let perMs = LEAST_PER_MS;
  let measuredAt = -Infinity;
  let free = -Infinity;

  function measure(now: number): void {
    if (now - measuredAt < MEASURE_MS) return;
    measuredAt = now;
    perMs = busyShare() > BUSY ? Math.max(LEAST_PER_MS, perMs * SLOWER) : Math.min(MOST_PER_MS, perMs * FASTER);
  }

  return {
    nextTurn(now, events) {
      measure(now);
      const turn = Math.max(now + REST_MS, free);
      free = turn + events / perMs;
      return turn - now;
    },
  };
}
