/** A bound on how many entities of one kind recover at once: 10,000 reconnecting devices must not become 10,000 reads. */
export interface RecoverySlots {
  readonly running: number;
  /** Recoveries that wait for a slot. */
  readonly waiting: number;
  /** Runs the recovery when a slot is free, first come, first served. */
  run<T>(recovery: () => Promise<T>): Promise<T>;
}

export function createRecoverySlots(limit: number): RecoverySlots {
  let free = limit;
  const waiting: (() => void)[] = [];
  return {
    get running() {
      return limit - free;
    },
    get waiting() {
      return waiting.length;
    },
    async run(recovery) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await recovery();
      } finally {
        // The slot passes to the next in line without becoming free in between, so nobody can push in.
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
