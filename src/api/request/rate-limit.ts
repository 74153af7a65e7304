import type { Clock } from '../../actors/kernel/ports/surroundings.js';

/** Tokens that flow in per second, and how many may be saved up. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface RateLimiter {
  readonly rate: Rate;
  /** Takes one token. */
  take(key: string): RateState;
}

/** How a key stands after a request. */
export interface RateState {
  /** 0, or the whole seconds until the next token is there: then the request is refused. */
  readonly waitSeconds: number;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Whole seconds until the burst is full again. */
  readonly fullInSeconds: number;
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

  const newBucket = (key: string, now: number): Bucket => {
    if (buckets.size >= maxKeys) makeRoom(now);
    const bucket = { tokens: rate.burst, filledAt: now };
    buckets.set(key, bucket);
    return bucket;
  };

  return {
    rate,
    take(key) {
      const now = clock.monotonic();
      const bucket = buckets.get(key) ?? newBucket(key, now);
      bucket.tokens = filled(bucket, now);
      bucket.filledAt = now;
      const isRefused = bucket.tokens < 1;
      if (!isRefused) bucket.tokens -= 1;
      const secondsUntil = (tokens: number): number => Math.ceil((tokens - bucket.tokens) / rate.perSecond);
      return {
        waitSeconds: isRefused ? Math.max(1, secondsUntil(1)) : 0,
        remaining: Math.floor(bucket.tokens),
        fullInSeconds: secondsUntil(rate.burst),
      };
    },
  };
}

/** Told with each answer, so that a client can slow down before it is refused (draft-ietf-httpapi-ratelimit-headers-10). */
export function rateHeaders({ perSecond, burst }: Rate, state: RateState): Readonly<Record<string, string>> {
  return {
    'RateLimit-Policy': `"requests";q=${burst};w=${Math.ceil(burst / perSecond)}`,
    RateLimit: `"requests";r=${state.remaining};t=${state.fullInSeconds}`,
  };
}
