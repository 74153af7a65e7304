import { setTimeout as sleep } from 'node:timers/promises';

import { createBackOff } from '../../actors/kernel/back-off.js';

/** Pauses between attempts on one Postgres: short, because a restart takes a second or two and devices wait for it. */
const PAUSES = { firstMs: 25, lastMs: 500 };

/** Waits between attempts, longer each time. */
export interface PausingBackOff {
  /** Waits; ends early, without an error, when the signal is aborted. */
  pause(): Promise<void>;
  /** The next pause is the first again. */
  reset(): void;
}

export function createPausingBackOff(signal: AbortSignal): PausingBackOff {
  const backOff = createBackOff({ ...PAUSES, random: Math.random });
  return { pause: () => pauseFor(backOff.next(), signal), reset: () => backOff.reset() };
}

/** Sleeps; ends early, without an error, when the signal is aborted. */
export async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined); // the only error is the abort
}
