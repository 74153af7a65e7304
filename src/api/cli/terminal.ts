/** The process as a command sees it; tests hand in their own. */
export interface Terminal {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C and by the end of the parent. */
  readonly signal: AbortSignal;
}

// C0, DEL and C1: what could move the cursor, change colours or retitle the window of whoever reads (SEC-88). Beside them
// the marks that turn the direction of writing, which make a text read as another.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Foreign text, fit for one line of a terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, '');
}

/** JSON for a terminal: what JSON itself lets through as it is, is written as an escape, so that the value stays the same. */
export function printableJson(json: string): string {
  return json.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const COLOURS = { good: 32, warn: 33, bad: 31, quiet: 2, strong: 1 } as const;

export type Colour = keyof typeof COLOURS;

export function colour(text: string, name: Colour): string {
  return `\u001b[${COLOURS[name]}m${text}\u001b[0m`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** `12 s ago`, `3 h ago`, `in 4 min`; `–` when there is no time. */
export function relativeTime(time: string | null | undefined, now: number): string {
  if (time === null || time === undefined) return '–';
  const seconds = Math.round((now - Date.parse(time)) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['s', 1];
  const amount = `${Math.floor(Math.abs(seconds) / size)} ${unit}`;
  return seconds < 0 ? `in ${amount}` : `${amount} ago`;
}
