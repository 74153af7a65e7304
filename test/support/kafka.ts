import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createEventPublisher, type KafkaPublisher } from '../../src/transport/kafka/event-publisher.js';
import { fetchedKafka } from '../../src/transport/kafka/local-broker.js';
import type { TopicNames } from '../../src/transport/kafka/topic-settings.js';
import { createSilentLogger, realClock } from './fake-ports.js';

const run = promisify(execFile);
/** A dump of a test's topic is small, its JSON is not. */
const DUMP_BYTES = 256 * 1024 * 1024;

/** `host:port` of the broker that all test files of a run share. */
export function sharedBroker(): string {
  const broker = process.env.FLEETLOG_TEST_KAFKA;
  if (!broker) throw new Error('FLEETLOG_TEST_KAFKA is not set: run through jest.config.js, projects int or e2e');
  return broker;
}

/** Names that no other test uses. */
export function freshTopics(): TopicNames {
  const mark = randomBytes(6).toString('hex');
  return { eventsTopic: `events-${mark}`, checkpointTopic: `checkpoints-${mark}` };
}

/** The publisher under test, on a broker, with a silent log. */
export function testPublisher(options: {
  readonly topics: TopicNames;
  readonly shards: number;
  readonly broker?: string;
}): KafkaPublisher {
  return stopLater(
    createEventPublisher({
      brokers: [options.broker ?? sharedBroker()],
      ssl: false,
      sasl: undefined,
      logger: createSilentLogger(),
      shards: options.shards,
      clock: realClock,
      ...options.topics,
    }),
  );
}

const started: { stop(): Promise<void> }[] = [];

/** Has `part` stopped by `stopStarted`, as each test publisher is. */
export function stopLater<T extends { stop(): Promise<void> }>(part: T): T {
  started.push(part);
  return part;
}

/** Stops what a test file has started, the last first: for `afterEach`, so that a failed test leaves nothing running either. */
export async function stopStarted(): Promise<void> {
  for (let part = started.pop(); part; part = started.pop()) await part.stop();
}

/** A record as an outside consumer sees it. */
export interface DumpedRecord {
  readonly partition: number;
  readonly offset: number;
  /** ms since 1970. */
  readonly timestamp: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All committed records of a topic by kcat (librdkafka), which shares no code with kafkajs. By partition, in offset order. */
export async function dumpByKcat(topic: string, broker = sharedBroker()): Promise<DumpedRecord[]> {
  const settings = ['-X', 'isolation.level=read_committed', '-X', 'check.crcs=true'];
  const { stdout } = await run('kcat', ['-b', broker, '-C', '-t', topic, '-e', '-q', '-J', ...settings], {
    maxBuffer: DUMP_BYTES,
  });
  return lines(stdout)
    .map((line) => {
      const { partition, offset, ts, key, payload, headers } = JSON.parse(line) as KcatRecord;
      return { partition, offset, timestamp: ts, key, value: payload, headers: pairs(headers ?? []) };
    })
    .sort(byPlace);
}

interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly key: string;
  readonly payload: string;
  /** Names and values in turn; absent without any. */
  readonly headers?: readonly string[];
}

function pairs(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) headers[flat[index]!] = flat[index + 1]!;
  return headers;
}

const BETWEEN = '\u0001';
/** How long the console consumer waits for one more record, ms, before it takes the topic for read. */
const NOTHING_MORE_MS = 4_000;

/** All committed records of a topic by the console consumer of Kafka's own distribution. By partition, in offset order. */
export async function dumpByConsoleConsumer(topic: string, broker = sharedBroker()): Promise<DumpedRecord[]> {
  const jars = fetchedKafka();
  if (jars === undefined) throw new Error('Kafka is not fetched: run `npm start` once');
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-consumer-'));
  try {
    const format = join(folder, 'format.properties');
    const shown = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value'].map((part) => `print.${part}=true`);
    await writeFile(format, [...shown, `key.separator=${BETWEEN}`, `headers.separator=|`].join('\n'));
    const { stdout } = await run(
      'java',
      [
        ...[
          '-Xmx128m',
          '-XX:+UseSerialGC',
          '-XX:TieredStopAtLevel=1',
          '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
        ],
        ...['-cp', join(jars, '*'), 'org.apache.kafka.tools.consumer.ConsoleConsumer'],
        ...['--bootstrap-server', broker, '--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
        ...['--timeout-ms', String(NOTHING_MORE_MS), '--formatter-config', format],
      ],
      { maxBuffer: DUMP_BYTES },
    );
    return lines(stdout).map(consoleRecord).sort(byPlace);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `CreateTime:1\u0001Partition:0\u0001Offset:5\u0001name:value|name:value\u0001key\u0001value`. */
function consoleRecord(line: string): DumpedRecord {
  const [timestamp = '', partition = '', offset = '', headers = '', key = '', ...value] = line.split(BETWEEN);
  const number = (text: string): number => Number(text.slice(text.indexOf(':') + 1));
  return {
    partition: number(partition),
    offset: number(offset),
    timestamp: number(timestamp),
    key,
    value: value.join(BETWEEN),
    headers: Object.fromEntries(
      headers.split('|').map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon), header.slice(colon + 1)];
      }),
    ),
  };
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line.length > 0);

const byPlace = (one: DumpedRecord, other: DumpedRecord): number =>
  one.partition - other.partition || one.offset - other.offset;
