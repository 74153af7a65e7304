/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), reflected. `zlib.crc32` has another polynomial. */
const POLYNOMIAL = 0x82f63b78;

/** Table k at 256 k: the CRC of a byte that k zero bytes follow. */
const TABLES = slicingTables();

function slicingTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] as number;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
}

/**
 * CRC-32C of `bytes[from … to)`, unsigned. Eight bytes per step ("slicing by 8"): 1.2 GB/s where one byte per step, as in
 * kafkajs, makes 0.45 GB/s (bench `relay`).
 */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  const tables = TABLES;
  const byte = (at: number): number => bytes[at] as number;
  const table = (at: number): number => tables[at] as number;
  let crc = -1;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc ^= byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    crc =
      table(1792 + (crc & 0xff)) ^
      table(1536 + ((crc >>> 8) & 0xff)) ^
      table(1280 + ((crc >>> 16) & 0xff)) ^
      table(1024 + (crc >>> 24)) ^
      table(768 + byte(at + 4)) ^
      table(512 + byte(at + 5)) ^
      table(256 + byte(at + 6)) ^
      table(byte(at + 7));
  }
  for (; at < to; at += 1) crc = table((crc ^ byte(at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}
