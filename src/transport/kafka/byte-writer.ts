const FIRST_BYTES = 64 * 1024;
/** Powers of two that do not fit the 32-bit operators. */
const TWO_32 = 2 ** 32;
/** Splits a safe integer into two halves of 32-bit arithmetic. */
const EIGHT_DIGITS = 100_000_000;

/**
 * Writes the primitive types of the Kafka protocol guide, big-endian, one after the other into a buffer that is used again for
 * the next request: no object and no copy per field (bench `relay`). `ensure` makes room; nothing else checks for it.
 */
export class ByteWriter {
  /** What was written is in `[0, at)`. */
  at = 0;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    const needed = this.at + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.at);
    this.#bytes = larger;
  }

  int8(value: number): void {
    this.#bytes[this.at++] = value;
  }

  int16(value: number): void {
    this.at = this.#bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.at = this.#bytes.writeInt32BE(value, this.at);
  }

  /** A safe integer or a bigint. */
  int64(value: number | bigint): void {
    this.at = this.#bytes.writeBigInt64BE(BigInt(value), this.at);
  }

  /** INT16 length and bytes, as in request headers and names of topics. */
  string(value: string): void {
    this.int16(Buffer.byteLength(value));
    this.at += this.#bytes.write(value, this.at);
  }

  /** Zigzag VARINT or VARLONG of 0 … 2^52. */
  varint(value: number): void {
    let rest = 2 * value;
    for (; rest >= TWO_32; rest = Math.floor(rest / 128)) this.#bytes[this.at++] = (rest % 128) | 0x80;
    for (rest >>>= 0; rest > 0x7f; rest >>>= 7) this.#bytes[this.at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.at++] = rest;
  }

  /** Bytes without a length; a loop, because they are few and a call into C++ costs more. */
  few(source: Uint8Array): void {
    const bytes = this.#bytes;
    let { at } = this;
    for (let index = 0; index < source.length; index += 1) bytes[at++] = source[index] as number;
    this.at = at;
  }

  /** VARINT length and the bytes `[from, to)` of `source`. */
  part(source: Uint8Array, from: number, to: number): void {
    this.varint(to - from);
    const bytes = this.#bytes;
    let { at } = this;
    for (let index = from; index < to; index += 1) bytes[at++] = source[index] as number;
    this.at = at;
  }

  /** VARINT length and all bytes of `source`. */
  bulk(source: Buffer): void {
    this.varint(source.length);
    source.copy(this.#bytes, this.at);
    this.at += source.length;
  }

  /** VARINT length and text in UTF-8. */
  text(value: string): void {
    const start = this.at;
    const bytes = this.#bytes;
    this.varint(value.length);
    let { at } = this;
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        this.at = start;
        this.varint(Buffer.byteLength(value));
        this.at += bytes.write(value, this.at);
        return;
      }
      bytes[at++] = unit;
    }
    this.at = at;
  }

  /** VARINT length and an integer in decimal digits. */
  decimal(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
      this.text(String(value));
      return;
    }
    const high = Math.floor(value / EIGHT_DIGITS);
    const low = value - high * EIGHT_DIGITS;
    const count = high === 0 ? digitsOf(low) : digitsOf(high) + 8;
    this.varint(count);
    const end = this.at + count;
    this.#digits(low, high === 0 ? this.at : end - 8, end);
    if (high > 0) this.#digits(high, this.at, end - 8);
    this.at = end;
  }

  /** Fills `[from, to)` with the last digits of `value`. */
  #digits(value: number, from: number, to: number): void {
    const bytes = this.#bytes;
    let rest = value;
    for (let at = to - 1; at >= from; at -= 1) {
      const tenth = (rest / 10) | 0;
      bytes[at] = 48 + rest - 10 * tenth;
      rest = tenth;
    }
  }
}

/** Bytes that {@link ByteWriter.varint} takes for it. */
export function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = 2 * value; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Of 0 … 2^31 − 1. */
function digitsOf(value: number): number {
  let count = 1;
  for (let bound = 10; bound <= value; bound *= 10) count += 1;
  return count;
}
