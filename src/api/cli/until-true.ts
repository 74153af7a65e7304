import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 500;

/** Asks again and again. @returns whether it became true before `waitMs` were over or somebody ended the command */
export async function untilTrue(ask: () => Promise<boolean>, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + waitMs;
  while (!signal.aborted) {
    if (await ask()) return true;
    const left = end - performance.now();
    if (left <= 0) return false;
    await delay(Math.min(LOOK_EVERY_MS, left), undefined, { signal }).catch(() => undefined);
  }
  return false;
}
