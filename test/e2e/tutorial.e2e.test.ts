import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openShell, readSteps, type DocumentedStep, type ReadersShell } from '../support/documented-steps.js';
import { startFleetlog, type FleetlogProcess } from '../support/fleetlog-process.js';
import { untilRelayed } from '../support/journal-lines.js';
import { freshTopics } from '../support/kafka.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

let folder: string;
let database: TestDatabase;
let server: FleetlogProcess;
let shell: ReadersShell;
let steps: readonly DocumentedStep[];

beforeAll(async () => {
  const topics = freshTopics();
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-tutorial-'));
  database = await createTestDatabase();
  server = await startFleetlog({
    dataDir: join(folder, '.fleetlog'),
    databaseUrl: database.url,
    kafkaBrokers: process.env.FLEETLOG_TEST_KAFKA!,
    env: { KAFKA_TOPIC: topics.eventsTopic, KAFKA_CHECKPOINT_TOPIC: topics.checkpointTopic },
  });
  steps = await readSteps('tutorial/first-device.md');
  shell = openShell(folder, {
    'http://127.0.0.1:8080': server.ready.url,
    '-p 8883': `-p ${server.ready.mqttsPort!}`,
    '127.0.0.1:9092': process.env.FLEETLOG_TEST_KAFKA!,
    'fleetlog.events': topics.eventsTopic,
  });
}, 60_000);

afterAll(async () => {
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** Types everything of the section whose title has these words; answers what was printed, block by block. */
async function follow(words: string): Promise<string[]> {
  const step = steps.find(({ title }) => title.includes(words));
  if (!step) throw new Error(`the tutorial has no section about ${words}`);
  const printed: string[] = [];
  for (const block of step.blocks) printed.push(await shell.type(block));
  return printed;
}

test('the tutorial "your first own device" shows what it says, block by block', async () => {
  expect(steps.map(({ blocks }) => blocks.length)).toEqual([1, 2, 1, 1, 2, 1, 2, 1]); // none is passed over below

  const [, fingerprint] = await follow('Have the token');
  const bytes = fingerprint!.trim().split('=')[1]!.toLowerCase().split(':').join('');
  expect(bytes).toBe(server.ready.caFingerprint);

  const [registered] = await follow('Register the device');
  expect(JSON.parse(registered!)).toMatchObject({ id: 'pump-7', type: 'pump', name: 'Feed pump' });
  const again = steps.find(({ title }) => title.includes('Register'))!.blocks[0]!.replace('-sf', '-s');
  expect(JSON.parse(await shell.type(again))).toMatchObject({ code: 'DEVICE_EXISTS', hint: expect.any(String) });

  await follow('Make a key');
  const [, life] = await follow('Publish');
  const types = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1]!);
  expect(types(life!).slice(0, 4)).toEqual([
    'DeviceRegistered',
    'CertificateIssued',
    'DeviceConnected',
    'TelemetryRecorded',
  ]);

  await follow('Publish something wrong');
  const listing = steps.find(({ title }) => title.includes('Publish'))!.blocks[1]!;
  const refusal = (await shell.type(listing)).split('\n').find((line) => line.includes('MessageRejected'));
  expect(refusal).toContain('PAYLOAD_INVALID');

  await untilRelayed(server);
  const [records, proof] = await follow('Find it in Kafka');
  const lines = records!.trim().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(types(life!).length);
  expect(new Set(lines.map((line) => /partition (\d+)/.exec(line)![1])).size).toBe(1);
  expect(JSON.parse(proof!)).toMatchObject({ gaps: 0, duplicates: 0, inversions: 0, differences: 0 });

  await follow('Take the right');
  const publishing = steps.find(({ title }) => title.includes('Publish'))!.blocks[0]!;
  await expect(shell.type(publishing)).rejects.toThrow();
}, 120_000);
