/** Longest sleep of this process whose ticks are made up for; what a suspended laptop did not measure was never measured. */
const MAX_LATE_MS = 2_000;

/**
 * Calls `onTick` at a steady rate, without drift: ticks that came late are made up for.
 * @returns how to stop it
 */
export function startTicker(options: {
  readonly ratePerSecond: number;
  /** Time to the first tick as a part of the time between two: keeps devices apart. */
  readonly phase: number;
  readonly onTick: () => void;
}): () => void {
  const { onTick } = options;
  const everyMs = 1_000 / options.ratePerSecond;
  let due = performance.now() + everyMs * options.phase;
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    const now = performance.now();
    if (now - due > MAX_LATE_MS) due = now;
    for (; due <= now; due += everyMs) onTick();
    timer = setTimeout(tick, due - now);
  };
  timer = setTimeout(tick, everyMs * options.phase);
  return () => clearTimeout(timer);
}
