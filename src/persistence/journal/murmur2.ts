const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/**
 * MurmurHash2 as Kafka's clients compute it (`org.apache.kafka.common.utils.Utils.murmur2`), a signed 32-bit integer.
 * `Math.imul` wraps as Java's `int` does.
 */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  const byte = (index: number): number => data[index] ?? 0;
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let index = 0; index < tail; index += 4) {
    let word = byte(index) | (byte(index + 1) << 8) | (byte(index + 2) << 16) | (byte(index + 3) << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (length > tail) {
    hash ^= byte(tail) | (byte(tail + 1) << 8) | (byte(tail + 2) << 16);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The shard of a stream: the partition that any Kafka client's default partitioner picks for the stream as key. */
export function shardOf(stream: string, shards: number): number {
  return (murmur2(Buffer.from(stream, 'utf8')) & 0x7fffffff) % shards;
}
