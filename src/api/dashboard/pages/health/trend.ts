/** Where a lag is going. */
export type Trend = 'stable' | 'catching up' | 'falling behind';

/** Readings that a trend is told from: ten seconds at one every two. */
const READINGS = 5;
/** A lag below this comes and goes with every batch. */
const QUIET_EVENTS = 200;

/** Remembers the last readings of a lag by key, and says where it is going. */
export function createTrends(): (key: string, lagEvents: number) => Trend {
  const readings = new Map<string, number[]>();
  return (key, lagEvents) => {
    const known = [...(readings.get(key) ?? []), lagEvents].slice(-READINGS);
    readings.set(key, known);
    const first = known[0] ?? lagEvents;
    if (Math.max(first, lagEvents) < QUIET_EVENTS || Math.abs(lagEvents - first) < first * 0.02) return 'stable';
    return lagEvents < first ? 'catching up' : 'falling behind';
  };
}

/** Seconds until a lag is worked off at the pace of the readings; `undefined` when it is not shrinking. */
export function secondsLeft(before: number, lagEvents: number, seconds: number): number | undefined {
  const rate = (before - lagEvents) / seconds;
  return rate > 0 ? Math.ceil(lagEvents / rate) : undefined;
}
