/** Lets somebody wait until a projection has passed a position, without asking again and again. */
export interface PassedPositions {
  /** The projection has finished everything up to here. */
  pass(shard: number, position: number): void;
  /** Resolves at once, when it is passed, or after `timeoutMs`. */
  wait(shard: number, position: number, timeoutMs: number): Promise<void>;
  /** Resolves after `pauseMs`, sooner when somebody waits for a position of the shard, now or meanwhile. */
  untilAwaited(shard: number, pauseMs: number): Promise<void>;
}

interface Waiter {
  readonly position: number;
  readonly wake: () => void;
}

export function createPassedPositions(): PassedPositions {
  const passed = new Map<number, number>();
  const waiters = new Map<number, Set<Waiter>>();
  const pauses = new Map<number, () => void>();
  return {
    pass: (shard, position) => {
      passed.set(shard, Math.max(position, passed.get(shard) ?? 0));
      for (const waiter of waiters.get(shard) ?? []) if (waiter.position <= position) waiter.wake();
    },
    wait: (shard, position, timeoutMs) => {
      if ((passed.get(shard) ?? 0) >= position) return Promise.resolve();
      return new Promise((resolve) => {
        const ofShard = waiters.get(shard) ?? new Set();
        waiters.set(shard, ofShard);
        const wake = () => {
          clearTimeout(timer);
          ofShard.delete(waiter);
          resolve();
        };
        const timer = setTimeout(wake, timeoutMs);
        const waiter = { position, wake };
        ofShard.add(waiter);
        pauses.get(shard)?.();
      });
    },
    untilAwaited: (shard, pauseMs) => {
      if ((waiters.get(shard)?.size ?? 0) > 0) return Promise.resolve();
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          pauses.delete(shard);
          resolve();
        };
        const timer = setTimeout(end, pauseMs);
        pauses.set(shard, end);
      });
    },
  };
}
