/**
 * Arrays in Postgres' binary format, filled element by element. As text they would be printed here and parsed there, which costs
 * more than half of what an append costs beside the insert itself (bench `journal`).
 *
 * Format (`array_recv`): number of dimensions, whether there are nulls, type of the elements, then per dimension length and lower
 * bound, then each element as length and bytes; all numbers 32 bit big-endian.
 */
export interface BinaryArray<T> {
  add(value: T): void;
  /** The parameter; its type must be declared in the statement. */
  finish(): Buffer;
}

const TYPE = { int2: 21, int4: 23, int8: 20, text: 25, timestamptz: 1184 };
const HEADER_BYTES = 20;
const ELEMENT_HEADER_BYTES = 4;

type WriteElement = (into: Buffer, value: number, at: number) => void;

function numbers(type: number, size: number, count: number, write: WriteElement): BinaryArray<number> {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + count * (ELEMENT_HEADER_BYTES + size));
  let end = HEADER_BYTES;
  return {
    add: (value) => {
      bytes.writeInt32BE(size, end);
      write(bytes, value, end + ELEMENT_HEADER_BYTES);
      end += ELEMENT_HEADER_BYTES + size;
    },
    finish: () => withHeader(bytes.subarray(0, end), type, count),
  };
}

/** @param count how many will be added */
export const int2Array = (count: number): BinaryArray<number> => numbers(TYPE.int2, 2, count, writeInt2);
export const int4Array = (count: number): BinaryArray<number> => numbers(TYPE.int4, 4, count, writeInt4);
export const int8Array = (count: number): BinaryArray<number> => numbers(TYPE.int8, 8, count, writeInt8);
/** Of milliseconds since 1970. */
export const timeArray = (count: number): BinaryArray<number> => numbers(TYPE.timestamptz, 8, count, writeTime);

/** A single `timestamptz` from milliseconds since 1970. */
export function binaryTime(milliseconds: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  writeTime(bytes, milliseconds, 0);
  return bytes;
}

export function textArray(count: number): BinaryArray<string> {
  const USUAL_BYTES = 40;
  let bytes = Buffer.allocUnsafe(HEADER_BYTES + count * USUAL_BYTES);
  let end = HEADER_BYTES;
  return {
    add: (value) => {
      const bound = end + ELEMENT_HEADER_BYTES + 3 * value.length; // 3 bytes per UTF-16 unit bound UTF-8
      if (bound > bytes.length) bytes = Buffer.concat([bytes.subarray(0, end)], bound * 2);
      const length = bytes.write(value, end + ELEMENT_HEADER_BYTES, 'utf8');
      bytes.writeInt32BE(length, end);
      end += ELEMENT_HEADER_BYTES + length;
    },
    finish: () => withHeader(bytes.subarray(0, end), TYPE.text, count),
  };
}

function withHeader(bytes: Buffer, type: number, count: number): Buffer {
  const fields = count > 0 ? [1, 0, type, count, 1] : [0, 0, type]; // an empty array has no dimension
  fields.forEach((field, index) => bytes.writeInt32BE(field, index * 4));
  return bytes.subarray(0, count > 0 ? bytes.length : fields.length * 4);
}

const writeInt2: WriteElement = (into, value, at) => into.writeInt16BE(value, at);
const writeInt4: WriteElement = (into, value, at) => into.writeInt32BE(value, at);

/** In two halves: a BigInt for each would have to be allocated. */
const writeInt8: WriteElement = (into, value, at) => {
  into.writeInt32BE(Math.floor(value / 2 ** 32), at);
  into.writeUInt32BE(value >>> 0, at + 4);
};

const MILLISECONDS_UNTIL_2000 = 946_684_800_000;

/** Microseconds since 2000; exact also beyond the year 2255, where they are no safe integer any more. */
const writeTime: WriteElement = (into, milliseconds, at) => {
  const microseconds = (milliseconds - MILLISECONDS_UNTIL_2000) * 1000;
  if (Number.isSafeInteger(microseconds)) writeInt8(into, microseconds, at);
  else into.writeBigInt64BE((BigInt(milliseconds) - BigInt(MILLISECONDS_UNTIL_2000)) * 1000n, at);
};
