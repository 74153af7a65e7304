import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sendJson, sendProblem, startContractServer, type ContractServer } from '../../support/contract-server.js';
import { runCommand } from './run-command.js';

const status = (changed: object): object => ({
  version: '1.2.3',
  relay: { state: 'running' },
  subscriptions: [],
  shards: [{ shard: 0, head: 3, relayed: 3, lagEvents: 0, lagSeconds: 0 }],
  quarantined: [],
  storage: { postgres: '16.4', schema: 6, latencySeconds: 0.001 },
  ...changed,
});

let server: ContractServer;
let dataDir: string;
let answers: Record<string, (response: ServerResponse) => void>;

async function selfSigned(days: number): Promise<string> {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(dataDir, name)) as [string, string];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ca'];
  execFileSync('openssl', [...request, '-days', String(days), '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
  return readFile(certificate, 'utf8');
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-doctor-'));
  const authority = await selfSigned(365);
  answers = {
    '/readyz': (response) => sendJson(response, { status: 'ready', parts: { journal: { state: 'ok' } } }),
    '/ca.pem': (response) => response.writeHead(200, { 'Content-Type': 'application/x-pem-file' }).end(authority),
    '/api/v1/system/status': (response) => sendJson(response, status({})),
  };
  server = await startContractServer((request, response) => answers[request.url]!(response));
});
afterEach(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

async function doctor(): Promise<{ exitCode: number; states: Record<string, string>; stdout: string }> {
  const environment = { FLEETLOG_DATA_DIR: dataDir };
  const { exitCode, stdout } = await runCommand(['doctor'], { url: server.url, environment });
  const findings = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { exitCode, stdout, states: Object.fromEntries(findings.map(({ check, state }) => [check, state])) };
}

test('a healthy platform has no fault', async () => {
  const { exitCode, states } = await doctor();
  expect(exitCode).toBe(0);
  for (const check of ['node', 'server', 'journal', 'clock', 'certificate authority', 'token', 'postgres', 'relay']) {
    expect([check, states[check]]).toEqual([check, 'ok']);
  }
});

test('a journal that takes nothing is a fault, though the server answers', async () => {
  const parts = { journal: { state: 'down', reason: 'JOURNAL_UNAVAILABLE' } };
  answers['/readyz'] = (response) => sendJson(response, { status: 'unready', parts }, 503);
  expect(await doctor()).toMatchObject({ exitCode: 1, states: { server: 'ok', journal: 'fault', token: 'ok' } });
});

test('a clock far from the server is a warning', async () => {
  answers['/readyz'] = (response) => {
    response.setHeader('Date', new Date(Date.now() - 90_000).toUTCString());
    sendJson(response, { status: 'ready' });
  };
  expect(await doctor()).toMatchObject({ exitCode: 0, states: { clock: 'warning' } });
});

test('an authority that ends within 30 days is a warning', async () => {
  const authority = await selfSigned(20);
  answers['/ca.pem'] = (response) => response.end(authority);
  expect(await doctor()).toMatchObject({ exitCode: 0, states: { 'certificate authority': 'warning' } });
});

test('a token that is refused is a fault of the token, and the rest is looked at', async () => {
  answers['/api/v1/system/status'] = (response) => sendProblem(response, 401, 'TOKEN_MISSING');
  expect(await doctor()).toMatchObject({ exitCode: 1, states: { server: 'ok', token: 'fault' } });
});

test('a relay that waits is a warning with its reason', async () => {
  answers['/api/v1/system/status'] = (response) =>
    sendJson(response, status({ relay: { state: 'waiting', reason: 'no broker' } }));
  const { exitCode, states, stdout } = await doctor();
  expect([exitCode, states['relay']]).toEqual([0, 'warning']);
  expect(stdout).toContain('no broker');
});

test('a Postgres that is slow to answer is a warning', async () => {
  const storage = { postgres: '16.4', schema: 6, latencySeconds: 0.4 };
  answers['/api/v1/system/status'] = (response) => sendJson(response, status({ storage }));
  const { states, stdout } = await doctor();
  expect(states['postgres']).toBe('warning');
  expect(stdout).toContain('Postgres 16.4, schema 6, answers in 400.0 ms');
});

test('F-36 a stream that does not verify is a fault that names it', async () => {
  const quarantined = [
    { stream: 'device/default/pump-7', detail: 'device/default/pump-7 does not verify at sequence 3' },
  ];
  answers['/api/v1/system/status'] = (response) => sendJson(response, status({ relay: { state: 'off' }, quarantined }));
  const { exitCode, states, stdout } = await doctor();
  expect([exitCode, states['stream'], states['relay']]).toEqual([1, 'fault', 'warning']);
  expect(stdout).toContain('pump-7 does not verify at sequence 3');
});

test('SEC-143 a token that others may read is a fault', async () => {
  const file = join(dataDir, 'cli.json');
  await writeFile(file, JSON.stringify({ url: server.url, token: 'flt_local' }));
  await chmod(file, 0o644);
  expect(await doctor()).toMatchObject({ exitCode: 1, states: { secrets: 'fault' } });
  await chmod(file, 0o600);
  expect(await doctor()).toMatchObject({ exitCode: 0, states: { secrets: 'ok' } });
});

test('without a server one fault says so, and nothing repeats it', async () => {
  await server.stop();
  const { exitCode, states } = await doctor();
  expect([exitCode, states['server'], states['token']]).toEqual([1, 'fault', undefined]);
});

test('a port that another program has is a fault that names the variable', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const environment = { FLEETLOG_DATA_DIR: dataDir, MQTTS_PORT: String(port) };
  const { stdout } = await runCommand(['doctor'], { url: 'http://127.0.0.1:1', environment });
  other.close();
  expect(stdout).toContain(`"check":"MQTTS_PORT","state":"fault","detail":"port ${port} is taken"`);
});

test('a server that answers has its ports, whatever it answers', async () => {
  answers['/api/v1/system/status'] = (response) => sendProblem(response, 503, 'JOURNAL_UNAVAILABLE');
  const { exitCode, states } = await doctor();
  expect([exitCode, states['server'], states['HTTP_PORT']]).toEqual([1, 'fault', undefined]);
});

test('it looks at this machine also where nothing tells of a server', async () => {
  const { exitCode, stdout } = await runCommand(['doctor'], { environment: { FLEETLOG_DATA_DIR: dataDir } });
  expect(exitCode).toBe(1);
  expect(stdout).toContain('"check":"node"');
});

test('on a terminal each finding has its mark', async () => {
  answers['/api/v1/system/status'] = (response) => sendProblem(response, 401, 'TOKEN_MISSING');
  const environment = { FLEETLOG_DATA_DIR: dataDir };
  const { stdout } = await runCommand(['doctor', '--no-color'], { url: server.url, environment, columns: 80 });
  expect(stdout).toContain('✓ server');
  expect(stdout).toContain('✗ token');
});
