import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 25_000;
const LOOK_EVERY_MS = 10;

/**
 * Looks until there is something other than `false` and `undefined`, long enough for a busy machine.
 * @param state what is waited for, for people
 * @throws Error that names the state
 */
export async function until<T>(
  state: string,
  look: () => T | false | undefined | Promise<T | false | undefined>,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`never reached: ${state}`);
    await delay(LOOK_EVERY_MS);
  }
}
