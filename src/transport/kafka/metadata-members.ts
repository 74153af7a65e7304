/** Members of an event's metadata that become headers of its record, in their order (`origin.ts` writes them). */
export const HEADER_MEMBERS = [
  { member: 'principal', header: 'principal' },
  { member: 'sessionEpoch', header: 'session_epoch' },
  { member: 'correlationId', header: 'correlation_id' },
  { member: 'causationId', header: 'causation_id' },
] as const;

const NAMES = HEADER_MEMBERS.map(({ member }) => Buffer.from(member));

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
/** Every number of so many digits is spelt by JavaScript as it was read. */
const EXACT_DIGITS = 15;

/**
 * Where the values of the header members stand in an event's metadata: `[from, to)` of member k in `found[2k]`, `found[2k + 1]`,
 * both 0 when it has none. A third of the time of `JSON.parse`, and no object per event (bench `relay`).
 * @returns `false` when only `JSON.parse` can tell: escapes or letters beyond ASCII in such a value, or another value than the
 *   text and whole numbers that metadata is made of
 */
export function findHeaderMembers(metadata: Uint8Array, found: Int32Array): boolean {
  found.fill(0);
  const { length } = metadata;
  let at = 1;
  if (metadata[0] !== OPENING_BRACE) return false;
  for (;;) {
    if (metadata[at++] !== QUOTE) return false;
    const nameFrom = at;
    while (at < length && metadata[at] !== QUOTE) if (metadata[at++] === BACKSLASH) return false;
    const member = memberNamed(metadata, nameFrom, at);
    at += 1;
    if (metadata[at++] !== COLON) return false;

    const isText = metadata[at] === QUOTE;
    const from = isText ? at + 1 : at;
    const to = isText ? endOfText(metadata, from, member >= 0) : endOfInteger(metadata, from);
    if (to < 0) return false;
    if (member >= 0) {
      found[2 * member] = from;
      found[2 * member + 1] = to;
    }
    at = isText ? to + 1 : to;

    const next = metadata[at++];
    if (next === CLOSING_BRACE) return at === length;
    if (next !== COMMA) return false;
  }
}

function memberNamed(metadata: Uint8Array, from: number, to: number): number {
  for (let member = 0; member < NAMES.length; member += 1) {
    const name = NAMES[member] as Buffer;
    if (name.length !== to - from) continue;
    let same = 0;
    while (same < name.length && metadata[from + same] === name[same]) same += 1;
    if (same === name.length) return member;
  }
  return -1;
}

/** Of the quote that ends a text; −1 when it has none, or when it is `wanted` and its bytes are not its letters. */
function endOfText(metadata: Uint8Array, from: number, wanted: boolean): number {
  for (let at = from; at < metadata.length; at += 1) {
    const byte = metadata[at] as number;
    if (byte === QUOTE) return at;
    if (wanted && (byte === BACKSLASH || byte > 0x7f)) return -1;
    if (byte === BACKSLASH) at += 1;
  }
  return -1;
}

/** Behind the digits of a whole number; −1 when it is none that is spelt as JavaScript does. */
function endOfInteger(metadata: Uint8Array, from: number): number {
  let at = from;
  while ((metadata[at] as number) >= ZERO && (metadata[at] as number) <= NINE) at += 1;
  const digits = at - from;
  return digits === 0 || digits > EXACT_DIGITS || (digits > 1 && metadata[from] === ZERO) ? -1 : at;
}
