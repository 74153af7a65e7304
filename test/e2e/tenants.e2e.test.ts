import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { loadContract } from '../../src/api/contract.js';
import { connectDevice, enrol, type EnrolledDevice } from '../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../support/fleetlog-process.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

/** Stands in all that the other tenant names, says and does. */
const CANARY = 'zebra-canary';
const RIVAL = { 'Fleetlog-Tenant': 'okapi' };
const PASSWORD = 'plum-otter-392-vale-fern';

let database: TestDatabase;
let folder: string;
let server: FleetlogProcess;
let ours: { readonly device: EnrolledDevice; readonly client: MqttClient; readonly token: string };
let theirs: { readonly secrets: readonly string[]; readonly ids: Readonly<Record<string, string>> };
/** What our device received, packet by packet. */
const received: string[] = [];
/** What our event stream received. */
let streamed = '';
const streamEnd = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-tenants-'));
  database = await createTestDatabase();
  server = await startFleetlog({ dataDir: join(folder, 'data'), databaseUrl: database.url });
  await prepareOurs();
  await actAsRival();
  await until('our event after theirs', () => Promise.resolve(streamed.includes('the-last-word')));
}, 60_000);
afterAll(async () => {
  streamEnd.abort();
  await ours.client.endAsync(true);
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** A device that subscribes to all it may and more, an admin's token, an event stream that is open from the beginning. */
async function prepareOurs(): Promise<void> {
  const device = await enrol(server, 'pump-1');
  const { token } = await made('POST', '/tokens', { role: 'admin' });
  const client = await connectDevice(device, server.ready.mqttsPort!);
  client.on('packetreceive', (packet) => received.push(JSON.stringify({ ...packet, text: textOf(packet) })));
  await client.subscribeAsync('devices/pump-1/#');
  for (const wide of ['#', 'devices/+/telemetry', 't/okapi/#', 'okapi/devices/pump-1/#'])
    await client.subscribeAsync(wide).catch(() => undefined);
  ours = { device, client, token: token! };
  const answer = await ask('/api/v1/events?follow=true', 'text/event-stream', streamEnd.signal);
  void readOn(answer).catch(() => undefined);
}

/** Equal names, and the canary wherever a name or a text may stand. */
async function actAsRival(): Promise<void> {
  const rival: FleetlogProcess = {
    ...server,
    call: (method, path, body, headers) => server.call(method, path, body, { ...headers, ...RIVAL }),
  };
  const device = await enrol(rival, 'pump-1');
  const named = await enrol(rival, `${CANARY}-device`);
  const profile = { attributes: { site: CANARY }, tags: [CANARY] };
  expect((await rival.call('PATCH', '/devices/pump-1', profile, { 'If-Match': '*' })).status).toBe(200);
  const token = await made('POST', '/tokens', { role: 'viewer', label: CANARY }, RIVAL);
  const deviceToken = await made('POST', '/devices/pump-1/tokens', { label: CANARY }, RIVAL);
  await made('POST', '/users', { name: `${CANARY}-user`, role: 'admin', password: PASSWORD }, RIVAL);
  for (const password of [PASSWORD, 'a wrong password'])
    await fetch(`${server.ready.url}/api/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': CANARY },
      body: JSON.stringify({ name: `okapi/${CANARY}-user`, password }),
    });

  const port = server.ready.mqttsPort!;
  const will = { topic: 'devices/pump-1/events/will', payload: JSON.stringify(CANARY), qos: 1 as const, retain: false };
  const client = await connectDevice(device, port, { will });
  await client.publishAsync('devices/pump-1/telemetry', JSON.stringify({ values: { [CANARY]: 1 } }), { qos: 1 });
  await client.publishAsync(`devices/pump-1/events/${CANARY}`, JSON.stringify({ text: CANARY }), {
    qos: 1,
    retain: true,
  });
  await client.publishAsync(`devices/${CANARY}/telemetry`, CANARY, { qos: 1 });
  await client.publishAsync('devices/pump-1/telemetry', `{ ${CANARY}`, { qos: 1 });
  client.stream.destroy();
  await rival.call('DELETE', `/devices/${CANARY}-device/certificates/${named.fingerprint}`);
  await expect(connectDevice(named, port)).rejects.toThrow();

  theirs = {
    secrets: [device.fingerprint, named.fingerprint, token.id!, token.token!, deviceToken.id!, deviceToken.token!],
    ids: {
      deviceId: `${CANARY}-device`,
      fingerprint: device.fingerprint,
      tokenId: token.id!,
      userName: `${CANARY}-user`,
    },
  };
  await ours.client.publishAsync('devices/pump-1/events/the-last-word', '1', { qos: 1 });
}

async function made(
  method: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Readonly<Record<string, string>>> {
  const answer = await server.call(method, path, body, headers);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Readonly<Record<string, string>>;
}

function ask(path: string, accept: string, signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${ours.token}`, accept };
  return fetch(`${server.ready.url}${path}`, { headers, ...(signal && { signal }) });
}

async function readOn(answer: Response): Promise<void> {
  for await (const chunk of answer.body!) streamed += Buffer.from(chunk as Uint8Array).toString();
}

function textOf(packet: object): string {
  return 'payload' in packet ? String(packet.payload) : '';
}

/** Heads and body of an answer as our admin gets them. */
async function answered(path: string, accept: string): Promise<string> {
  const answer = await ask(path, accept);
  return `${answer.status} ${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
}

function expectNothingOfTheirs(bytes: string): void {
  expect([CANARY, 'okapi', ...theirs.secrets].filter((word) => bytes.includes(word))).toEqual([]);
}

const reads = loadContract().operations.filter(({ method }) => method === 'get');

describe('SEC-130 two tenants with equal names', () => {
  test('SEC-130 no device hears another tenant, whatever it subscribes to, live, retained or as a will', () => {
    expect(received.join('\n')).toContain('the-last-word');
    expectNothingOfTheirs(received.join('\n'));
  });

  test('SEC-130 an event stream that was open all the time shows nothing of another tenant', () => {
    expect(streamed).toContain('the-last-word');
    expectNothingOfTheirs(streamed);
  });

  test.each(reads.map(({ id, path }) => [id, path] as const))(
    'SEC-130 %s shows nothing of another tenant',
    async (_id, path) => {
      const own: Readonly<Record<string, string>> = {
        deviceId: 'pump-1',
        fingerprint: ours.device.fingerprint,
        file: 'start.js',
        code: 'DEVICE_NOT_FOUND',
      };
      const named = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => own[name] ?? 'none');
      expectNothingOfTheirs(await answered(named, 'application/json, */*'));
    },
  );

  test.each([
    ['/api/v1/events', 'application/x-ndjson'],
    ['/api/v1/events', 'text/csv'],
    ['/api/v1/devices/pump-1/events', 'application/json'],
    ['/api/v1/audit', 'application/x-ndjson'],
    ['/api/v1/audit', 'text/csv'],
  ])('SEC-130 the export of %s as %s holds nothing of another tenant', async (path, accept) => {
    const bytes = await answered(path, accept);
    expect(bytes).toMatch(/^200 /);
    expect(bytes).toContain('pump-1');
    expectNothingOfTheirs(bytes);
  });

  test.each(
    reads
      .filter(({ path }) => path.includes('/api/v1') && path.includes('{'))
      .map(({ id, path }) => [id, path] as const),
  )('SEC-130 %s of what another tenant has tells no more than was asked', async (_id, path) => {
    const named = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => theirs.ids[name] ?? 'none');
    const bytes = await answered(named, 'application/json, */*');
    const said = Object.values(theirs.ids).reduce((text, name) => text.replaceAll(name, ''), bytes);
    expect(bytes).toMatch(/^404 /);
    expectNothingOfTheirs(said);
  });

  test('SEC-130 the other tenant sees all of it: the canary was there to be found', async () => {
    const journal = await (
      await server.call('GET', '/events', undefined, { ...RIVAL, accept: 'application/x-ndjson' })
    ).text();
    const lines = journal.split('\n').filter((line) => line.includes(CANARY));
    const types = ['TelemetryRecorded', 'DeviceEventRecorded', 'MessageRejected', 'DeviceUpdated', 'UserRegistered'];
    expect(types.filter((type) => !lines.some((line) => line.includes(`"${type}"`)))).toEqual([]);
    expect(journal).not.toContain('the-last-word');
  });
});
