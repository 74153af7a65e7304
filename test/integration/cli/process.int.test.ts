import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventJson, sendJson, startContractServer, type ContractServer } from '../../support/contract-server.js';

const PROGRAM = join(import.meta.dirname, '../../../tools/fleetlog.js');
const COMMAND = `'${process.execPath}' '${PROGRAM}'`;
let server: ContractServer;
let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'fleetlog-cli-'))));
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Runs a line of a shell against the server of the test. */
function shell(line: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const environment = {
    PATH: process.env.PATH,
    FLEETLOG_URL: server.url,
    FLEETLOG_TOKEN: 't',
    FLEETLOG_DATA_DIR: folder,
  };
  const child = spawn('bash', ['--norc', '-o', 'pipefail', '-c', line], { cwd: folder, env: environment });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })));
}

const STATUS = {
  version: '1',
  relay: { state: 'off' },
  subscriptions: [],
  shards: [{ shard: 0, head: 0, relayed: 0, lagEvents: 0, lagSeconds: 0 }],
};
const DEVICE = {
  id: 'p1',
  type: null,
  name: null,
  tags: [],
  enabled: true,
  connected: true,
  sessionEpoch: 1,
  registeredAt: '2026-01-01T00:00:00Z',
};

test('`events tail | head -1` ends silently with 0 when the reader has seen enough', async () => {
  server = await startContractServer((request, response) => {
    if (request.url.endsWith('/system/status')) {
      sendJson(response, STATUS);
      return;
    }
    let sequence = 0;
    const timer = setInterval(() => response.write(`${JSON.stringify(eventJson(++sequence))}\n`), 20);
    response.once('close', () => clearInterval(timer));
  });
  const { exitCode, stdout, stderr } = await shell(`${COMMAND} events tail | head -1`);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ sequence: 1 });
});

test('a pipe gets JSON and a pseudo-terminal a table', async () => {
  server = await startContractServer((_request, response) => sendJson(response, { items: [DEVICE], next: null }));
  const piped = await shell(`${COMMAND} device ls`);
  expect(JSON.parse(piped.stdout)).toEqual(DEVICE);
  const terminal = await shell(`script -qec "${COMMAND} device ls" /dev/null < /dev/null`);
  expect(terminal.stdout).toContain('● online');
  expect(terminal.stdout).toContain('\u001b[');
});

test('exit codes reach the shell', async () => {
  server = await startContractServer((_request, response) =>
    sendJson(response, { title: 'T', detail: 'D', code: 'DEVICE_NOT_FOUND' }, 404),
  );
  expect((await shell(`${COMMAND} device get nope`)).exitCode).toBe(4);
  expect((await shell(`${COMMAND} device git nope`)).exitCode).toBe(2);
});

test('Ctrl-C ends `events tail` with 0', async () => {
  server = await startContractServer((request, response) => {
    if (request.url.endsWith('/system/status')) sendJson(response, STATUS);
    else response.writeHead(200).write(`${JSON.stringify(eventJson(1))}\n`);
  });
  const line = `${COMMAND} events tail > out & tail=$!; until [ -s out ]; do sleep 0.1; done; kill -INT $tail; wait $tail`;
  expect((await shell(line)).exitCode).toBe(0);
});

test('SEC-143 a bundle is a file of its owner alone, and never takes the place of another', async () => {
  server = await startContractServer((_request, response) => response.end('zip'));
  expect((await shell(`${COMMAND} cert bundle p1 abc --out b.zip`)).exitCode).toBe(0);
  expect((await stat(join(folder, 'b.zip'))).mode & 0o777).toBe(0o600);
  const asked = server.seen.length;
  expect((await shell(`${COMMAND} cert bundle p1 abc --out b.zip`)).exitCode).toBe(1);
  expect(server.seen).toHaveLength(asked);
  expect(await readFile(join(folder, 'b.zip'), 'utf8')).toBe('zip');
});
