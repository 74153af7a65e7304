import { fixed } from '../../format/numbers.js';

/** Of which the server tells the availability unless it is asked otherwise. */
const WINDOW_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * How much of the last seven days a device was there. What lies before its registration does not count.
 * @param ratio from 0 to 1
 * @param registeredAt ms since 1970, as `now`
 */
export function availabilityWords(ratio: number, registeredAt: number, now: number): string {
  const since = now - registeredAt < WINDOW_MS ? 'since it was registered' : 'of the last 7 days';
  return `connected ${fixed(ratio * 100, ratio === 1 ? 0 : 2)} % ${since}`;
}
