/**
 * Pauses between attempts: doubled from `firstMs` to `lastMs`, each shortened by up to half at random, so that what failed
 * together does not come back together.
 */
export interface BackOff {
  /** The next pause, ms. */
  next(): number;
  /** After a success: the next pause is the first again. */
  reset(): void;
}

/** @param options.random in [0, 1) */
export function createBackOff(options: {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly random: () => number;
}): BackOff {
  let pauseMs = options.firstMs;
  return {
    next() {
      const full = pauseMs;
      pauseMs = Math.min(options.lastMs, pauseMs * 2);
      return full * (1 - options.random() / 2);
    },
    reset: () => void (pauseMs = options.firstMs),
  };
}
