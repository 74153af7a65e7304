const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Ranges that end now. */
export const RANGES = {
  '15m': { ms: 15 * MINUTE_MS, word: '15 min' },
  '1h': { ms: HOUR_MS, word: '1 h' },
  '24h': { ms: 24 * HOUR_MS, word: '24 h' },
  '90d': { ms: 90 * 24 * HOUR_MS, word: '90 d' },
} as const;
export type Range = keyof typeof RANGES;
/** Longer ranges change slowly: they are read again instead of being followed point by point. */
const FOLLOWED: readonly Range[] = ['15m', '1h'];

/** What a chart's time axis shows, as the address has it. */
export interface ChartRange {
  readonly range: Range;
  /** ms since 1970; absent while the range ends now. */
  readonly own: readonly [from: number, to: number] | undefined;
  /** Whether new points are drawn as they come. */
  readonly follows: boolean;
}

export function readRange({ range: name = '', zoom }: Readonly<Record<string, string | undefined>>): ChartRange {
  const range: Range = Object.hasOwn(RANGES, name) ? (name as Range) : '15m';
  const own = parseOwn(zoom);
  return { range, own, follows: own === undefined && FOLLOWED.includes(range) };
}

/** @returns what the address holds for a range of one's own */
export function ownRange(from: number, to: number): string {
  return `${Math.round(from)}-${Math.round(to)}`;
}

function parseOwn(text: string | undefined): readonly [number, number] | undefined {
  const [from = NaN, to = NaN] = (text ?? '').split('-').map(Number);
  return to > from ? [from, to] : undefined;
}
