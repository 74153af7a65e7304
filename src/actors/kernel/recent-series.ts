/** What counts as recent. */
export const RECENT_MS = 5 * 60 * 1000;
/** Counted by slots of time, so that old ones fall out without a list of all. */
const SLOT_MS = 10_000;

/** Something that happens again and again: how often in the last five minutes, to ten seconds, and since when. */
export type Recent<T> = T & {
  readonly count: number;
  /** Begin of the series: a pause of five minutes ends one. */
  readonly firstAt: number;
  readonly lastAt: number;
};

/** Counts series by key in bounded memory: the one that was quiet for longest is forgotten first. Times are ms since 1970. */
export interface RecentSeries<T> {
  /** @param detailOf what is told of the series from now on, given what was told before */
  note(key: string, at: number, detailOf: (before: T | undefined) => T): void;
  has(key: string): boolean;
  of(key: string, now: number): Recent<T> | undefined;
  /** The most frequent first. */
  all(now: number): readonly Recent<T>[];
}

interface Series<T> {
  readonly detail: T;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Number of the slot, and how many fell into it. */
  readonly slots: Map<number, number>;
}

export function createRecentSeries<T extends object>(maxKeys: number): RecentSeries<T> {
  const byKey = new Map<string, Series<T>>();
  const tell = ({ detail, firstAt, lastAt, slots }: Series<T>, from: number): Recent<T> => {
    let count = 0;
    for (const [slot, inSlot] of slots) if ((slot + 1) * SLOT_MS > from) count += inSlot;
    return { ...detail, count, firstAt, lastAt };
  };
  return {
    note(key, at, detailOf) {
      const known = byKey.get(key);
      const before = known !== undefined && at - known.lastAt < RECENT_MS ? known : undefined;
      const slots = before?.slots ?? new Map<number, number>();
      const slot = Math.floor(at / SLOT_MS);
      slots.set(slot, (slots.get(slot) ?? 0) + 1);
      for (const old of slots.keys()) if (old * SLOT_MS < at - RECENT_MS) slots.delete(old);
      byKey.delete(key); // the last one put in is the last to be forgotten
      byKey.set(key, { detail: detailOf(before?.detail), firstAt: before?.firstAt ?? at, lastAt: at, slots });
      if (byKey.size > maxKeys) byKey.delete(byKey.keys().next().value ?? '');
    },
    has: (key) => byKey.has(key),
    of(key, now) {
      const series = byKey.get(key);
      return series === undefined || series.lastAt < now - RECENT_MS ? undefined : tell(series, now - RECENT_MS);
    },
    all(now) {
      const from = now - RECENT_MS;
      return [...byKey.values()]
        .filter(({ lastAt }) => lastAt >= from)
        .map((series) => tell(series, from))
        .sort((a, b) => b.count - a.count);
    },
  };
}
