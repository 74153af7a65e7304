import type { Clock } from '../actors/kernel/ports.js';

/** Tokens that flow in per second, and how many may be saved up. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface RateLimiter {
  /** Takes one token. @returns 0, or the whole seconds until the next one is there */
  take(key: string): number;
}

interface Bucket {
  tokens: number;
  /** Monotonic ms. */
  filledAt: number;
}

/** One token bucket per key. Buckets that are full again say nothing and are forgotten, so that memory stays bounded. */
export function createRateLimiter(options: {
  readonly rate: Rate;
  readonly clock: Clock;
  /** Keys kept; beyond them full buckets are forgotten, and if none is full, all (nobody is locked out by strangers). @default 10000 */
  readonly maxKeys?: number;
}): RateLimiter {
  const { rate, clock, maxKeys = 10_000 } = options;
  const buckets = new Map<string, Bucket>();
  const filled = (bucket: Bucket, now: number): number =>
    Math.min(rate.burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * rate.perSecond);

  const makeRoom = (now: number): void => {
    for (const [key, bucket] of buckets) if (filled(bucket, now) >= rate.burst) buckets.delete(key);
    if (buckets.size >= maxKeys) buckets.clear();
  };

  return {
    take(key) {
      const now = clock.monotonic();
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        if (buckets.size >= maxKeys) makeRoom(now);
        bucket = { tokens: rate.burst, filledAt: now };
        buckets.set(key, bucket);
      }
      bucket.tokens = filled(bucket, now);
      bucket.filledAt = now;
      if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / rate.perSecond));
      bucket.tokens -= 1;
      return 0;
    },
  };
}
