/** A token bucket on a monotonic clock. `rate` 0 = without limit. */
export interface TokenBucket {
  /** Takes `amount`, into debt when need be. Answers the milliseconds until the debt is paid, 0 when there is none. */
  take(amount: number, now: number): number;
  /** Takes `amount` only when it is there. */
  tryTake(amount: number, now: number): boolean;
}

export function createTokenBucket(rate: number, burst: number): TokenBucket {
  let level = burst;
  let filledAt: number | undefined;
  const refill = (now: number): void => {
    level = Math.min(burst, level + ((now - (filledAt ?? now)) * rate) / 1000);
    filledAt = now;
  };
  return {
    take(amount, now) {
      if (rate === 0) return 0;
      refill(now);
      level -= amount;
      return level >= 0 ? 0 : (-level * 1000) / rate;
    },
    tryTake(amount, now) {
      if (rate === 0) return true;
      refill(now);
      if (level < amount) return false;
      level -= amount;
      return true;
    },
  };
}

/** Buckets by key; full ones are forgotten, so that strangers can't fill the memory. */
export function createKeyedBuckets(rate: number, burst: number): { tryTake(key: string, now: number): boolean } {
  const buckets = new Map<string, { readonly bucket: TokenBucket; usedAt: number }>();
  const fullAfterMs = rate === 0 ? 0 : (burst / rate) * 1000;
  let sweptAt = 0;
  return {
    tryTake(key, now) {
      if (now - sweptAt > fullAfterMs) {
        for (const [other, entry] of buckets) if (now - entry.usedAt > fullAfterMs) buckets.delete(other);
        sweptAt = now;
      }
      let entry = buckets.get(key);
      if (!entry) buckets.set(key, (entry = { bucket: createTokenBucket(rate, burst), usedAt: now }));
      entry.usedAt = now;
      return entry.bucket.tryTake(1, now);
    },
  };
}
