import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventJson, sendJson, startContractServer, type ContractServer } from '../../support/contract-server.js';
import { runCommand, type CommandResult } from './run-command.js';

const STATUS = { version: '1', relay: { state: 'off' }, subscriptions: [], shards: [{ shard: 0, head: 4 }] };
/** Spelt as no JSON.stringify would: what is journaled is passed on as it is. */
const lineOf = (n: number): string =>
  JSON.stringify(eventJson(n)).replace(`"temperature":${n}`, `"temperature":${n}.0`);

let server: ContractServer;
let file: string;
beforeEach(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'fleetlog-replay-')), 'events');
  server = await startContractServer((request, response) => {
    const query = new URL(request.url, 'http://localhost').searchParams;
    if (request.url.endsWith('/system/status')) sendJson(response, STATUS);
    else if (request.url.includes('/devices/')) {
      const first = Number(query.get('from') ?? 1);
      const items = [1, 2, 3, 4].filter((n) => n >= first).map(lineOf);
      response.setHeader('Content-Type', 'application/json').end(`{"items":[${items.join()}],"next":null}`);
    } else {
      const after = Number(query.get('after')?.split(':')[1] ?? 0);
      for (const n of [1, 2, 3, 4].filter((position) => position > after)) response.write(`${lineOf(n)}\n`);
      response.end();
    }
  });
});
afterEach(async () => {
  await server.stop();
  await rm(join(file, '..'), { recursive: true });
});

const replay = (...argv: string[]): Promise<CommandResult> => runCommand(['replay', ...argv], { url: server.url });
const ALL = [1, 2, 3, 4].map((n) => `${lineOf(n)}\n`).join('');

test.each([[['--all']], [['--device', 'pump-7']]])(
  '%j writes each event in the spelling of the journal',
  async (argv) => {
    expect((await replay(...argv)).stdout).toBe(ALL);
  },
);

test('a replay by time asks the server for that time', async () => {
  await replay('--all', '--from', '2026-01-01T00:00:01Z', '--to', '2026-01-01T00:00:02Z');
  const query = new URL(server.seen.at(-1)!.url, server.url).searchParams;
  expect(Object.fromEntries(query)).toEqual({ from: '2026-01-01T00:00:01.000Z', to: '2026-01-01T00:00:02.000Z' });
});

test.each([
  ['ndjson', ['--all']],
  ['csv', ['--all']],
  ['ndjson', ['--device', 'pump-7']],
] as const)(
  '--resume goes on in %s with %j behind the last whole line, nothing twice and nothing left out',
  async (format, argv) => {
    const options = [...argv, '--format', format, '--out', file];
    expect((await replay(...options)).exitCode).toBe(0);
    const whole = await readFile(file, 'utf8');
    await truncate(file, whole.length - 70); // within the fourth event
    expect((await replay(...options, '--resume')).exitCode).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(whole);
    expect((await replay(...options, '--resume')).exitCode).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(whole);
  },
);

test('a file that is there is not written over, and one of something else not gone on with', async () => {
  await appendFile(file, 'my letters\n');
  expect((await replay('--all', '--out', file)).exitCode).toBe(2);
  expect((await replay('--all', '--out', file, '--resume')).exitCode).toBe(2);
  expect((await replay('--all', '--out', file, '--resume', '--format', 'ndjson')).stderr).toContain('my letters');
  expect(await readFile(file, 'utf8')).toBe('my letters\n');
});

test('--format csv has a header, and payload and metadata as JSON', async () => {
  const [header, first] = (await replay('--all', '--format', 'csv')).stdout.split('\n');
  expect(header).toBe(
    'shard,position,stream,sequence,type,schemaVersion,occurredAt,recordedAt,tenant,device,payload,metadata',
  );
  expect(first).toContain(',"{""values"":{""temperature"":1}}",');
});

test.each([
  [['--all', '--resume']],
  [['--all', '--resume', '--out', 'x', '--after', '0:1']],
  [['--all', '--from', '12']],
  [['--device', 'a', '--after', '0:1']],
  [['--all', '--after', 'zero']],
  [[]],
])('%j is wrong usage', async (argv) => {
  expect((await replay(...argv)).exitCode).toBe(2);
});
