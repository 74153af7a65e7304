import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 25_000;

/** Waits for a state, long enough for a busy machine. @throws Error that names the state */
export async function until(state: string, isReached: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!isReached()) {
    if (Date.now() > deadline) throw new Error(`never reached: ${state}`);
    await delay(10);
  }
}
