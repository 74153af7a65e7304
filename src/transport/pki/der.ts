/**
 * A reader of DER (X.690) for untrusted input: definite lengths in their shortest form, low tag numbers, at most 64 KiB. It
 * never recurses deeper than `MAX_DEPTH`, so that no document can exhaust the stack.
 */
export const TAG = { integer: 0x02, bitString: 0x03, objectIdentifier: 0x06, sequence: 0x30, context0: 0xa0 } as const;

/** Place of one element in its document: header from `start`, contents from `content` to `end`. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const CONSTRUCTED = 0x20;
const MAX_DEPTH = 16;
/** The longest identifiers in use have about 20 bytes. */
const MAX_OBJECT_IDENTIFIER_BYTES = 64;

/** Reads the header of the element at `start`; `undefined` when it is ill-formed or does not end by `limit`. */
export function readElement(bytes: Buffer, start: number, limit: number): DerElement | undefined {
  if (start + 2 > limit) return undefined;
  const tag = bytes.readUInt8(start);
  const first = bytes.readUInt8(start + 1);
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const content = start + 2 + lengthBytes;
  if ((tag & 0x1f) === 0x1f || lengthBytes > 2 || first === 0x80 || content > limit) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(start + 2, lengthBytes);
  if (lengthBytes > 0 && length < (lengthBytes === 1 ? 0x80 : 0x100)) return undefined;
  return content + length > limit ? undefined : { tag, start, content, end: content + length };
}

/** The elements that fill `from` to `to` without a gap or rest; `undefined` when something else does. */
export function readElements(bytes: Buffer, from: number, to: number): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = from; at < to;) {
    const element = readElement(bytes, at, to);
    if (element === undefined) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

/** Whether `from` to `to` is well-formed DER down to its primitives. */
export function isWellFormedDer(bytes: Buffer, from = 0, to = bytes.length, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false;
  const elements = readElements(bytes, from, to);
  return elements?.every((element) => isWellFormedElement(bytes, element, depth)) ?? false;
}

function isWellFormedElement(bytes: Buffer, { tag, content, end }: DerElement, depth: number): boolean {
  if ((tag & CONSTRUCTED) !== 0) return isWellFormedDer(bytes, content, end, depth + 1);
  if (tag === TAG.objectIdentifier) return end > content && end - content <= MAX_OBJECT_IDENTIFIER_BYTES;
  return true;
}
