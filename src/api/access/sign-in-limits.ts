import type { Clock } from '../../actors/kernel/ports/surroundings.js';

/** Slows down those who guess passwords (security.md §1), by account *and* address: nobody can lock out an owner elsewhere. */
export interface SignInLimits {
  /**
   * Counts an attempt as failed until it is known to be good: many at once are counted before the first is checked.
   * @returns 0, or the whole seconds to wait; then nothing was counted
   */
  begin(account: string, address: string): number;
  /** The attempt was good. */
  succeeded(account: string, address: string): void;
}

interface Failures {
  count: number;
  /** Monotonic ms. */
  first: number;
  last: number;
}

const FREE_FAILURES = 5;
const LONGEST_WAIT_MS = 60_000;
const FAILURES_PER_ADDRESS = 50;
const WINDOW_MS = 15 * 60_000;
/** Accounts and addresses kept; beyond them the oldest are forgotten, so that memory stays bounded. */
const MAX_KEPT = 10_000;

export function createSignInLimits(clock: Clock): SignInLimits {
  const byAccount = new Map<string, Failures>();
  const byAddress = new Map<string, Failures>();
  const keyOf = (account: string, address: string): string => `${address} ${account}`;

  const recall = (map: Map<string, Failures>, key: string, now: number): Failures | undefined => {
    const known = map.get(key);
    if (known === undefined || now - (map === byAddress ? known.first : known.last) < WINDOW_MS) return known;
    map.delete(key);
    return undefined;
  };
  const count = (map: Map<string, Failures>, key: string, now: number): void => {
    const { count: before = 0, first = now } = map.get(key) ?? {};
    map.delete(key); // to the end: the Map is in the order of the last failure
    map.set(key, { count: before + 1, first, last: now });
    const [oldest] = map.keys();
    if (map.size > MAX_KEPT && oldest !== undefined) map.delete(oldest);
  };
  const uncount = (map: Map<string, Failures>, key: string): void => {
    const known = map.get(key);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count === 0) map.delete(key);
  };

  return {
    begin(account, address) {
      const now = clock.monotonic();
      const key = keyOf(account, address);
      const ofAddress = recall(byAddress, address, now);
      if (ofAddress !== undefined && ofAddress.count >= FAILURES_PER_ADDRESS) {
        return Math.ceil((ofAddress.first + WINDOW_MS - now) / 1000);
      }
      const ofAccount = recall(byAccount, key, now);
      const doublings = (ofAccount?.count ?? 0) - FREE_FAILURES;
      if (ofAccount !== undefined && doublings >= 0) {
        const waitMs = ofAccount.last + Math.min(LONGEST_WAIT_MS, 1000 * 2 ** doublings) - now;
        if (waitMs > 0) return Math.ceil(waitMs / 1000);
      }
      count(byAccount, key, now);
      count(byAddress, address, now);
      return 0;
    },
    succeeded(account, address) {
      byAccount.delete(keyOf(account, address));
      uncount(byAddress, address);
    },
  };
}
