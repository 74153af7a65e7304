import { setTimeout as sleep } from 'node:timers/promises';

/** First and longest pause between two attempts, ms. */
const PAUSES = { first: 25, longest: 2_000 };

/** Pauses that double from attempt to attempt. */
export interface BackOff {
  /** Waits; ends early, without an error, when the signal is aborted. */
  pause(): Promise<void>;
  /** The next pause is the first again. */
  reset(): void;
}

export function createBackOff(signal: AbortSignal): BackOff {
  let next = PAUSES.first;
  return {
    pause: async () => {
      const now = next;
      next = Math.min(next * 2, PAUSES.longest);
      await pauseFor(now, signal);
    },
    reset: () => (next = PAUSES.first),
  };
}

/** Sleeps; ends early, without an error, when the signal is aborted. */
export async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined); // the only error is the abort
}
