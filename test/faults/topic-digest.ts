import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { digestEvent } from './journal-audit.js';

/** Partition, key, headers and size, each ended by a tab; then so many bytes of the value and a line feed. */
const FORMAT = '%p\t%k\t%h\t%S\t%s\n';
const [TAB, LINE_FEED] = [9, 10];
const HEAD_FIELDS = 4;

/** The read_committed view of a topic. */
export interface TopicDigest {
  readonly records: number;
  /** By partition, comparable with `JournalAudit.digests`. */
  readonly digests: readonly string[];
}

/** Reads a topic by kcat (librdkafka), which shares no code with the product, however large it is. */
export async function digestTopic(broker: string, topic: string, partitions: number): Promise<TopicDigest> {
  const hashes: Hash[] = Array.from({ length: partitions }, () => createHash('sha256'));
  let records = 0;
  const settings = ['-X', 'isolation.level=read_committed', '-X', 'check.crcs=true'];
  const kcat = spawn('kcat', ['-b', broker, '-C', '-t', topic, '-e', '-q', ...settings, '-f', FORMAT]);
  let complaint = '';
  kcat.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const code = new Promise<number | null>((resolve, reject) => kcat.once('error', reject).once('close', resolve));
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of kcat.stdout as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let record = nextRecord(rest); record; record = nextRecord(rest)) {
      rest = rest.subarray(record.end);
      records += 1;
      digestEvent(hashes[record.partition]!, record.position, record.key, record.value);
    }
  }
  if ((await code) !== 0 || rest.length > 0) throw new Error(`kcat could not read ${topic}: ${complaint}`);
  return { records, digests: hashes.map((hash) => hash.digest('hex')) };
}

function nextRecord(
  bytes: Buffer,
): { partition: number; key: string; position: number; value: Buffer; end: number } | undefined {
  let at = -1;
  for (let field = 0; field < HEAD_FIELDS; field += 1) {
    at = bytes.indexOf(TAB, at + 1);
    if (at < 0) return undefined;
  }
  const [partition = '', key = '', headers = '', size = ''] = bytes.toString('utf8', 0, at).split('\t');
  const end = at + 1 + Number(size);
  if (bytes.length <= end) return undefined;
  if (bytes[end] !== LINE_FEED) throw new Error('kcat wrote something else than was asked');
  const position = Number(/(?:^|,)position=(\d+)/.exec(headers)?.[1]);
  return { partition: Number(partition), key, position, value: bytes.subarray(at + 1, end), end: end + 1 };
}
