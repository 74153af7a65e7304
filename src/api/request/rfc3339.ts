/** Date, time to the second or finer, and `Z` or an offset (RFC 3339 §5.6). */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

export function isRfc3339(text: string): boolean {
  return RFC_3339.test(text) && !Number.isNaN(Date.parse(text.toUpperCase()));
}

/** @param text that `isRfc3339` has accepted. @returns ms since 1970 */
export function parseRfc3339(text: string): number {
  return Date.parse(text.toUpperCase());
}

/** @param time ms since 1970. @returns UTC with milliseconds */
export function formatRfc3339(time: number): string {
  return new Date(time).toISOString();
}
