/** A connection that may have to wait for its turn. */
export interface TurnTaker {
  /** Called once for each refusal, in a later turn of the event loop. */
  takeTurn(): void;
}

/**
 * Bounds what is read in one turn of the event loop, and lets connections read in the order in which they came. Without it one
 * turn takes everything that stands in the sockets, a fifth of a second under overload, and whatever needs several turns, the
 * relay before all, falls behind for minutes (bench `overload`).
 */
export interface ReadTurns {
  /** Whether the connection may be read now; otherwise its turn comes. */
  admits(taker: TurnTaker): boolean;
  /** One publish was read. */
  spend(): void;
}

/** @param publishes what a turn may take; the read under way when they are spent is finished */
export function createReadTurns(publishes: number): ReadTurns {
  let left = publishes;
  let isDue = false;
  let isServing = false;
  let waiting: TurnTaker[] = [];

  function nextTurn(): void {
    isDue = false;
    left = publishes;
    isServing = true;
    let served = 0;
    while (left > 0 && served < waiting.length) (waiting[served++] as TurnTaker).takeTurn();
    isServing = false;
    waiting = waiting.slice(served);
    if (waiting.length > 0) beginNext();
  }

  function beginNext(): void {
    if (isDue) return;
    isDue = true;
    setImmediate(nextTurn);
  }

  return {
    admits(taker) {
      // Nobody overtakes those who wait.
      if (left > 0 && (isServing || waiting.length === 0)) return true;
      waiting.push(taker);
      beginNext();
      return false;
    },
    spend() {
      left -= 1;
      beginNext();
    },
  };
}
