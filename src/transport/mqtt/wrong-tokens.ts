import type { Clock } from '../../actors/kernel/ports/surroundings.js';

const MINUTE_MS = 60_000;
const SLOWED_TRY_MS = 1_000;
const MOST_KEYS = 10_000;

interface Tries {
  wrong: number;
  since: number;
  slowedUntil: number;
  triedAt: number;
}

/** Slows down guessing: after too many wrong tokens in a minute, one try a second is heard for a minute (SEC-11). */
export interface WrongTokens {
  /** Whether a try of this key is heard now. */
  mayTry(key: string): boolean;
  /** @param limit wrong ones in a minute that are still fast */
  countWrong(key: string, limit: number): void;
}

export function createWrongTokens(clock: Clock): WrongTokens {
  const byKey = new Map<string, Tries>();
  return {
    mayTry(key) {
      const tries = byKey.get(key);
      const now = clock.monotonic();
      if (!tries || now >= tries.slowedUntil) return true;
      if (now - tries.triedAt < SLOWED_TRY_MS) return false;
      tries.triedAt = now;
      return true;
    },
    countWrong(key, limit) {
      const now = clock.monotonic();
      let tries = byKey.get(key);
      if (!tries || now - tries.since >= MINUTE_MS) {
        if (byKey.size >= MOST_KEYS) forgetOld(byKey, now);
        tries = { wrong: 0, since: now, slowedUntil: tries?.slowedUntil ?? 0, triedAt: now };
        byKey.set(key, tries);
      }
      tries.wrong += 1;
      tries.triedAt = now;
      if (tries.wrong >= limit) tries.slowedUntil = now + MINUTE_MS;
    },
  };
}

function forgetOld(byKey: Map<string, Tries>, now: number): void {
  for (const [key, tries] of byKey) if (now - tries.since >= MINUTE_MS && now >= tries.slowedUntil) byKey.delete(key);
  if (byKey.size >= MOST_KEYS) byKey.clear();
}
