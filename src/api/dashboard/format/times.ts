const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

export type Zone = 'local' | 'utc';

/** `12 s`, `4 min`, `3 h`, `5 d`, `9 y`. */
export function duration(ms: number): string {
  const length = Math.max(0, ms);
  if (length < 90 * SECOND) return `${Math.floor(length / SECOND)} s`;
  if (length < 90 * MINUTE) return `${Math.floor(length / MINUTE)} min`;
  if (length < 36 * HOUR) return `${Math.floor(length / HOUR)} h`;
  if (length < 2 * YEAR) return `${Math.floor(length / DAY)} d`;
  return `${Math.floor(length / YEAR)} y`;
}

/** `now`, `12 s ago`, `in 5 d`. */
export function relative(time: number, now: number): string {
  const past = now - time;
  if (past < 0) return past > -2 * SECOND ? 'now' : `in ${duration(-past)}`;
  return past < 2 * SECOND ? 'now' : `${duration(past)} ago`;
}

const two = (value: number): string => String(value).padStart(2, '0');

interface Parts {
  readonly date: string;
  readonly time: string;
  readonly milliseconds: string;
}

function partsOf(time: number, zone: Zone): Parts {
  // Moved by the zone's offset, the getters for UTC read the local clock.
  const shift = zone === 'utc' ? 0 : new Date(time).getTimezoneOffset() * MINUTE;
  const [date = '', clock = ''] = new Date(time - shift).toISOString().split('T');
  return { date, time: clock.slice(0, 8), milliseconds: clock.slice(9, 12) };
}

/** `14:03:12`. */
export function clockTime(time: number, zone: Zone): string {
  return partsOf(time, zone).time;
}

/** `2026-02-03 14:03`. */
export function dateTime(time: number, zone: Zone): string {
  const parts = partsOf(time, zone);
  return `${parts.date} ${parts.time.slice(0, 5)}`;
}

/** `2026-02-03`. */
export function day(time: number, zone: Zone): string {
  return partsOf(time, zone).date;
}

/** `2026-02-03 14:03:12.845 UTC`: the whole of it, for tooltips. */
export function absolute(time: number, zone: Zone): string {
  const parts = partsOf(time, zone);
  const offset = -new Date(time).getTimezoneOffset();
  const sign = offset < 0 ? '−' : '+';
  const name =
    zone === 'utc' || offset === 0
      ? 'UTC'
      : `UTC${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${parts.date} ${parts.time}.${parts.milliseconds} ${name}`;
}

/** As a field for date and time has it: `2026-02-03T14:03:12`. */
export function fieldTime(time: number, zone: Zone): string {
  const parts = partsOf(time, zone);
  return `${parts.date}T${parts.time}`;
}

/** What such a field says, ms since 1970; `undefined` while it says nothing. */
export function readFieldTime(text: string, zone: Zone): number | undefined {
  const time = Date.parse(zone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}
