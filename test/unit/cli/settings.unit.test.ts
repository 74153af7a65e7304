import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findSettings } from '../../../src/api/cli/settings.js';

let dataDir: string;
beforeEach(async () => (dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-cli-'))));
afterEach(() => rm(dataDir, { recursive: true }));

async function leaveLocalServer(content: string | object): Promise<void> {
  const file = join(dataDir, 'cli.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  await chmod(file, 0o600);
}
const LOCAL = { url: 'http://127.0.0.1:8080', token: 'flt_local', mqtt: { host: '::1', port: 8883 } };

test('a local server is found by what it left in the data directory', async () => {
  await leaveLocalServer(LOCAL);
  expect(await findSettings({ environment: { FLEETLOG_DATA_DIR: dataDir } })).toEqual({
    url: LOCAL.url,
    token: 'flt_local',
    mqttUrl: 'mqtts://[::1]:8883',
    dataDir,
  });
});

test('the environment wins, and an option over it', async () => {
  await leaveLocalServer(LOCAL);
  const environment = { FLEETLOG_DATA_DIR: dataDir, FLEETLOG_URL: 'https://a.example/base/', FLEETLOG_TOKEN: 'flt_a' };
  const named = await findSettings({ environment });
  expect(named).toMatchObject({ url: 'https://a.example/base', token: 'flt_a', mqttUrl: undefined });
  expect(await findSettings({ environment, url: 'http://b.example' })).toMatchObject({ url: 'http://b.example' });
});

test('SEC-143 the token of the local server never goes to another address', async () => {
  await leaveLocalServer(LOCAL);
  const environment = { FLEETLOG_DATA_DIR: dataDir };
  expect((await findSettings({ environment, url: 'https://a.example' })).token).toBeUndefined();
  expect((await findSettings({ environment, url: 'http://127.0.0.1:8081' })).token).toBeUndefined();
  expect((await findSettings({ environment, url: 'http://127.0.0.1:8080/' })).token).toBe('flt_local');
});

test('without any server it says what to do', async () => {
  const search = findSettings({ environment: { FLEETLOG_DATA_DIR: dataDir } });
  await expect(search).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('npm run demo') });
});

test.each(['not an address', 'ftp://a.example', 'localhost:8080'])('%j is no address', async (url) => {
  const search = findSettings({ environment: { FLEETLOG_DATA_DIR: dataDir }, url });
  await expect(search).rejects.toMatchObject({ exitCode: 2 });
});

test('a file that is torn is told, not passed over', async () => {
  await leaveLocalServer('{"url":');
  await expect(findSettings({ environment: { FLEETLOG_DATA_DIR: dataDir } })).rejects.toThrow('not JSON');
});
