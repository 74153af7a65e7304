import { isUtf8 } from 'node:buffer';

/** Bounds of one JSON document. A document at a bound passes, one beyond it is refused. */
export interface JsonLimits {
  readonly maxBytes: number;
  /** Arrays and objects inside each other; `[]` has depth 1. */
  readonly maxDepth: number;
  /** Values of any kind, arrays and objects included. */
  readonly maxValues: number;
  /** UTF-8 bytes of a member name. */
  readonly maxKeyBytes: number;
  /** UTF-8 bytes of a string value. */
  readonly maxStringBytes: number;
}

/** Limits of an MQTT payload; REST bodies differ in `maxBytes` only. */
export const JSON_LIMITS: JsonLimits = {
  maxBytes: 128 * 1024,
  maxDepth: 16,
  maxValues: 10_000,
  maxKeyBytes: 256,
  maxStringBytes: 64 * 1024,
};

export interface JsonRefusal {
  readonly ok: false;
  readonly code: 'PAYLOAD_INVALID' | 'PAYLOAD_TOO_LARGE';
  /** One sentence for people; holds nothing of the document. */
  readonly detail: string;
  /** RFC 6901; of the enclosing object when a member name is at fault. Absent when the text cannot be read as a tree. */
  readonly pointer?: string;
}

export type JsonReading = { readonly ok: true; readonly value: unknown } | JsonRefusal;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The one reader of JSON from outside (RFC 8259). Order of SEC-110: size, UTF-8, depth, parse, walk; nothing recursive sees
 * unchecked input. Stricter than the RFC: U+0000, lone surrogates and numbers beyond a double are refused, since no store
 * behind the journal could hold them. Of duplicate members the last counts; integers beyond 2^53 are rounded.
 *
 * `__proto__` comes out as an ordinary own member: copy by spread, rest or `Object.fromEntries`, never by assignment.
 */
export function readJson(bytes: Buffer, limits?: Partial<JsonLimits>): JsonReading {
  const bounds = limits === undefined ? JSON_LIMITS : { ...JSON_LIMITS, ...limits };
  if (bytes.length > bounds.maxBytes) {
    return { ok: false, code: 'PAYLOAD_TOO_LARGE', detail: `The document is larger than ${bounds.maxBytes} bytes.` };
  }
  if (bytes.length === 0) return invalid('The document is empty.');
  if (!isUtf8(bytes)) return invalid('The document is not UTF-8.');
  if (isDeeperThan(bytes, bounds.maxDepth))
    return invalid(`The document is nested deeper than ${bounds.maxDepth} levels.`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return invalid('The document is not JSON.');
  }
  return findFault(value, bounds) ?? { ok: true, value };
}

/** Counts brackets outside of strings. Says nothing of ill-formed text: that is left to the parser, which is safe by then. */
function isDeeperThan(bytes: Buffer, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** A container on the way down. `keys` is absent for an array; `index` is of the child looked at last. */
interface Frame {
  readonly container: Readonly<Record<string, unknown>> | readonly unknown[];
  readonly keys?: readonly string[];
  readonly length: number;
  index: number;
}

/** Walks the tree without recursion, in document order; the frames are the path, so that a pointer costs only when needed. */
function findFault(root: unknown, limits: JsonLimits): JsonRefusal | undefined {
  const frames: Frame[] = [];
  let count = 0;
  let value = root;
  for (;;) {
    if (++count > limits.maxValues) return invalid(`The document holds more than ${limits.maxValues} values.`);
    const fault = scalarFault(value, limits);
    if (fault !== undefined) return invalid(fault, pointerOf(frames));
    if (typeof value === 'object' && value !== null) frames.push(frameOf(value));
    let frame = frames.at(-1);
    while (frame !== undefined && ++frame.index >= frame.length) {
      frames.pop();
      frame = frames.at(-1);
    }
    if (frame === undefined) return undefined;
    if (frame.keys === undefined) {
      value = (frame.container as readonly unknown[])[frame.index];
      continue;
    }
    const key = frame.keys[frame.index] ?? '';
    const keyFault = textFault(key, 'A member name', limits.maxKeyBytes);
    if (keyFault !== undefined) return invalid(keyFault, pointerOf(frames.slice(0, -1)));
    value = (frame.container as Readonly<Record<string, unknown>>)[key];
  }
}

function frameOf(container: object): Frame {
  if (Array.isArray(container))
    return { container: container as readonly unknown[], length: container.length, index: -1 };
  const keys = Object.keys(container);
  return { container: container as Readonly<Record<string, unknown>>, keys, length: keys.length, index: -1 };
}

function scalarFault(value: unknown, limits: JsonLimits): string | undefined {
  if (typeof value === 'string') return textFault(value, 'A string', limits.maxStringBytes);
  if (typeof value === 'number' && !Number.isFinite(value)) return 'A number is beyond the range of a double.';
  return undefined;
}

function textFault(text: string, what: string, maxBytes: number): string | undefined {
  // A UTF-16 unit takes at most three bytes, so that short texts need no count.
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes)
    return `${what} is longer than ${maxBytes} bytes.`;
  if (text.includes('\0')) return `${what} holds the character U+0000.`;
  if (!text.isWellFormed()) return `${what} holds a lone surrogate.`;
  return undefined;
}

function pointerOf(frames: readonly Frame[]): string {
  return frames
    .map(({ keys, index }) => `/${escapePointer(keys === undefined ? String(index) : (keys[index] ?? ''))}`)
    .join('');
}

/** One reference token of a JSON pointer (RFC 6901 §3). */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function invalid(detail: string, pointer?: string): JsonRefusal {
  return { ok: false, code: 'PAYLOAD_INVALID', detail, ...(pointer === undefined ? {} : { pointer }) };
}
