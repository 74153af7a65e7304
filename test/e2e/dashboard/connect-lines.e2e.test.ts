import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectLines, type ConnectKind } from '../../../src/api/dashboard/pages/device/connect-lines.js';
import { enrol } from '../../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';

const DEVICE = 'pump:7.a-b';
const ROOT = join(import.meta.dirname, '../../..');
/** How the lines of each kind are run by whoever has pasted them. */
const PROGRAMS: Readonly<Partial<Record<ConnectKind, readonly [file: string, command: string, ...string[]]>>> = {
  mosquitto: ['send.sh', 'sh', 'send.sh'],
  mqttjs: ['send.mjs', process.execPath, 'send.mjs'],
  python: ['send.py', 'python3', 'send.py'],
};
/** Python's client is no part of the set-up. */
const hasPaho = spawnSync('python3', ['-c', 'import paho.mqtt']).status === 0;

let database: TestDatabase;
let server: FleetlogProcess;
let folder: string;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-lines-'));
  database = await createTestDatabase();
  server = await startFleetlog({
    dataDir: join(folder, 'data'),
    databaseUrl: database.url,
    env: { MQTT_PORT: '0' },
  });
  const device = await enrol(server, DEVICE);
  await writeFile(join(folder, 'ca.pem'), device.ca);
  await writeFile(join(folder, 'certificate.pem'), device.certificate);
  await writeFile(join(folder, 'private-key.pem'), device.key);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  ({ token } = (await (await server.call('POST', `/devices/${DEVICE}/tokens`, {})).json()) as { token: string });
}, 90_000);

afterAll(async () => {
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

const cases = (['mosquitto', 'mqttjs', ...(hasPaho ? (['python'] as const) : [])] as const).flatMap((kind) =>
  (['certificate', 'token'] as const).map((proof) => [kind, proof] as const),
);

test.each(cases)(
  'the lines for %s with a %s, pasted as they are, send a message that is journaled',
  async (kind, proof) => {
    const { mqtt } = (await (await server.call('GET', '/system/status')).json()) as {
      mqtt: { host: string; mqttsPort: number; plainPort: number };
    };
    const metric = `${kind}_${proof}`;
    const port = proof === 'certificate' ? mqtt.mqttsPort : mqtt.plainPort;
    const [file, command, ...parameters] = PROGRAMS[kind]!;
    await writeFile(join(folder, file), connectLines(kind, { device: DEVICE, host: mqtt.host, port, proof, metric }));
    await promisify(execFile)(command, parameters, {
      cwd: folder,
      env: { ...process.env, TOKEN: token },
      timeout: 20_000,
    });
    const value = await until(`a value of ${metric}`, async () => {
      const latest = await (await server.call('GET', `/devices/${DEVICE}/telemetry/latest`)).json();
      return (latest as { items: { metric: string; value: unknown }[] }).items.find((one) => one.metric === metric)
        ?.value;
    });
    expect(value).toBe(21.5);
  },
  40_000,
);
