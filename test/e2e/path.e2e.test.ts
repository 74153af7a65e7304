import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MqttClient } from 'mqtt';
import { connectDevice, enrol, type EnrolledDevice } from '../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../support/fleetlog-process.js';
import { readJournal, untilRelayed, type JournalLine } from '../support/journal-lines.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const run = promisify(execFile);

let database: TestDatabase;
let server: FleetlogProcess;
let folder: string;
let device: EnrolledDevice;
let client: MqttClient;
const topics = { KAFKA_TOPIC: `path-${process.pid}`, KAFKA_CHECKPOINT_TOPIC: `path-checkpoints-${process.pid}` };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-path-'));
  database = await createTestDatabase();
  server = await startFleetlog({
    dataDir: join(folder, 'data'),
    databaseUrl: database.url,
    kafkaBrokers: process.env.FLEETLOG_TEST_KAFKA!,
    env: topics,
  });
  device = await enrol(server, 'pump-7');
  client = await connectDevice(device, server.ready.mqttsPort!);
}, 60_000);

afterAll(async () => {
  await client.endAsync(true);
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

const telemetryOf = (lines: readonly JournalLine[]): JournalLine[] =>
  lines.filter((line) => line.stream === 'device/default/pump-7' && line.type === 'TelemetryRecorded');

describe('the way of a message', () => {
  test.each([0, 1, 2] as const)('a QoS %i publish over mutual TLS is in the journal', async (qos) => {
    await client.publishAsync(
      'devices/pump-7/telemetry',
      JSON.stringify({ id: `qos-${qos}`, values: { temperature: 21.5 } }),
      { qos },
    );
    const deadline = Date.now() + 10_000;
    let found: JournalLine | undefined;
    do
      found = telemetryOf(await readJournal(server)).find(
        (line) => (line.payload as { id: string }).id === `qos-${qos}`,
      );
    while (!found && Date.now() < deadline);
    expect(found).toMatchObject({
      device: 'pump-7',
      payload: { values: { temperature: 21.5 } },
      metadata: { principal: 'device/pump-7', credential: device.fingerprint },
    });
  });

  test('a refused payload is acknowledged, journaled with its pointer, and told to the device', async () => {
    const told = new Promise<Record<string, unknown>>((resolve) =>
      client.once('message', (_topic, payload) => resolve(JSON.parse(payload.toString()))),
    );
    await client.subscribeAsync('devices/pump-7/errors');
    await client.publishAsync('devices/pump-7/telemetry', '{"temperature":null}', { qos: 1 });
    expect(await told).toMatchObject({
      code: 'PAYLOAD_INVALID',
      topic: 'devices/pump-7/telemetry',
      pointer: '/temperature',
    });
    const rejected = (await readJournal(server)).filter((line) => line.type === 'MessageRejected');
    expect(rejected.at(-1)?.payload).toMatchObject({ code: 'PAYLOAD_INVALID', pointer: '/temperature' });
    expect(client.connected).toBe(true);
  });

  test('mosquitto_pub with a certificate from the REST API', async () => {
    const other = await enrol(server, 'pump-8');
    const file = async (name: string, content: string): Promise<string> => {
      await writeFile(join(folder, name), content, { mode: 0o600 });
      return join(folder, name);
    };
    const files = [
      await file('ca.pem', other.ca),
      await file('cert.pem', other.certificate),
      await file('key.pem', other.key),
    ] as const;
    await run('mosquitto_pub', [
      ...[
        '-h',
        '127.0.0.1',
        '-p',
        String(server.ready.mqttsPort),
        '--cafile',
        files[0],
        '--cert',
        files[1],
        '--key',
        files[2],
      ],
      ...['-i', 'pump-8', '-q', '1', '-t', 'devices/pump-8/telemetry', '-m', '{"temperature":3.5}'],
    ]);
    const lines = await readJournal(server);
    expect(lines.find((line) => line.device === 'pump-8' && line.type === 'TelemetryRecorded')?.payload).toMatchObject({
      values: { temperature: 3.5 },
    });
  });

  test('I4 kcat with read_committed sees each event once, in order, with the payload of the journal', async () => {
    await untilRelayed(server);
    const lines = await readJournal(server);
    const { stdout } = await run(
      'kcat',
      [
        '-b',
        process.env.FLEETLOG_TEST_KAFKA!,
        '-C',
        '-t',
        topics.KAFKA_TOPIC,
        '-X',
        'isolation.level=read_committed',
        '-o',
        'beginning',
        '-e',
        '-q',
        '-f',
        '%p\t%k\t%s\t%h\n',
      ],
      { maxBuffer: 1 << 26 },
    );
    const records = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
    const relayed = records.map(([partition, key, value, headers]) => ({
      shard: Number(partition),
      position: Number(/(?:^|,)position=(\d+)/.exec(headers!)?.[1]),
      stream: key,
      payload: JSON.parse(value!),
    }));
    relayed.sort((a, b) => a.shard - b.shard); // stable: keeps the order within each partition
    expect(relayed).toEqual(
      lines.map(({ shard, position, stream, payload }) => ({ shard, position, stream, payload })),
    );
    const report = await (await server.call('POST', '/system/relay/verify')).json();
    expect(report).toMatchObject({
      records: lines.length,
      gaps: 0,
      duplicates: 0,
      inversions: 0,
      differences: 0,
      first: null,
    });
  });

  test('SEC-05 a revoked certificate ends the live connection and is refused afterwards', async () => {
    const other = await enrol(server, 'pump-9');
    const live = await connectDevice(other, server.ready.mqttsPort!);
    const closed = new Promise<void>((resolve) => live.once('close', resolve));
    const response = await server.call('DELETE', `/devices/pump-9/certificates/${other.fingerprint}`, {
      reason: 'stolen',
    });
    expect([200, 204]).toContain(response.status);
    await closed;
    await live.endAsync(true);
    await expect(connectDevice(other, server.ready.mqttsPort!)).rejects.toThrow();
  });
});
