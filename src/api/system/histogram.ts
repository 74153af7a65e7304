import type { Buckets } from '../../actors/kernel/ports/surroundings.js';

/** What was observed between two readings of the same histogram. */
export function since(before: Buckets, after: Buckets): Buckets {
  return after.map(({ le, count }, index) => ({ le, count: count - (before[index]?.count ?? 0) }));
}

/**
 * A quantile, straight between the bounds of its bucket (as Prometheus' `histogram_quantile`); what lies beyond the last
 * bound counts as that bound.
 * @param q 0 … 1
 */
export function quantile(buckets: Buckets, q: number): number {
  const rank = q * (buckets.at(-1)?.count ?? 0);
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { le = 0, count = 0 } = buckets[index] ?? {};
  const { le: low = 0, count: below = 0 } = buckets[index - 1] ?? {};
  if (!Number.isFinite(le)) return low;
  return count === below ? low : low + ((le - low) * (rank - below)) / (count - below);
}
