import { afterEach, describe, expect, test } from '@jest/globals';
import { eventJson, sendJson, startContractServer, type ContractServer } from '../../support/contract-server.js';
import { runCommand } from './run-command.js';

let server: ContractServer | undefined;
afterEach(() => server?.stop());

const STATUS = {
  version: '1',
  relay: { state: 'running' },
  subscriptions: [],
  shards: [
    { shard: 0, head: 4 },
    { shard: 1, head: 9 },
  ],
};
const lines = (...sequences: number[]): string => sequences.map((n) => `${JSON.stringify(eventJson(n))}\n`).join('');
const sequencesOf = (text: string): number[] =>
  text.trim() === ''
    ? []
    : text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).sequence);

describe('events tail', () => {
  test('begins at the newest event and goes on without gap or repeat when the connection breaks', async () => {
    const answers = [lines(5, 6), lines(7), lines(8)];
    server = await startContractServer((request, response) => {
      if (request.url.endsWith('/system/status')) {
        sendJson(response, STATUS);
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      // The first answer is torn, the second ends in order as with a server that stops.
      response.write(answers.shift() ?? '', () => (answers.length === 2 ? response.destroy() : response.end()));
    });
    const result = await runCommand(['events', 'tail', '--limit', '4'], { url: server.url });
    expect(result.exitCode).toBe(0);
    expect(sequencesOf(result.stdout)).toEqual([5, 6, 7, 8]);
    const after = server.seen.slice(1).map(({ url }) => new URLSearchParams(url.split('?')[1]).get('after'));
    expect(after).toEqual(['0:4,1:9', '0:6,1:9', '0:7,1:9']);
  });

  test('a refusal ends it', async () => {
    server = await startContractServer((_request, response) =>
      sendJson(response, { title: 'T', detail: 'D', code: 'TOKEN_EXPIRED' }, 401),
    );
    expect((await runCommand(['events', 'tail', '--after', '0:1'], { url: server.url })).exitCode).toBe(3);
    expect(server.seen).toHaveLength(1);
  });

  test('Ctrl-C ends it in order', async () => {
    const interruption = new AbortController();
    server = await startContractServer((_request, response) => {
      response.writeHead(200).write(lines(5));
      setTimeout(() => interruption.abort(), 100);
    });
    const argv = ['events', 'tail', '--after', '0:4'];
    const result = await runCommand(argv, { url: server.url, signal: interruption.signal });
    expect(result).toEqual({ exitCode: 0, stdout: lines(5), stderr: '' });
  });
});

describe('events tail --since', () => {
  test('first gives what was recorded since, then goes on behind the heads that were known before, nothing twice', async () => {
    server = await startContractServer((request, response) => {
      if (request.url.endsWith('/system/status')) sendJson(response, STATUS);
      else response.writeHead(200).end(request.url.includes('from=') ? lines(3, 5) : lines(6, 7));
    });
    const argv = [
      'events',
      'tail',
      '--since',
      '10m',
      '--type',
      'TelemetryRecorded',
      '--filter',
      'true',
      '--limit',
      '4',
    ];
    expect(sequencesOf((await runCommand(argv, { url: server.url })).stdout)).toEqual([3, 5, 6, 7]);
    const [, first, second] = server.seen.map(({ url }) => Object.fromEntries(new URL(url, server!.url).searchParams));
    expect(first).toEqual({ types: 'TelemetryRecorded', filter: 'true', from: expect.any(String) });
    expect(second).toEqual({ types: 'TelemetryRecorded', filter: 'true', follow: 'true', after: '0:5,1:9' });
  });
});

describe('replay', () => {
  test('an answer that is torn is no success, and is told how to go on', async () => {
    server = await startContractServer((request, response) => {
      if (request.url.endsWith('/system/status')) sendJson(response, STATUS);
      else response.writeHead(200).write(lines(1, 2), () => response.destroy());
    });
    const result = await runCommand(['replay', '--all', '--quiet'], { url: server.url });
    expect(result.exitCode).toBe(1);
    expect(sequencesOf(result.stdout)).toEqual([1, 2]);
    const told = await runCommand(['replay', '--all'], { url: server.url });
    expect(told.stderr).toContain('--after 0:2');
  });

  test('of one device reads its stream page by page', async () => {
    server = await startContractServer((request, response) => {
      const isSecond = request.url.includes('cursor=more');
      sendJson(response, {
        items: isSecond ? [eventJson(3)] : [eventJson(1), eventJson(2)],
        next: isSecond ? null : 'more',
      });
    });
    const argv = ['replay', '--device', 'pump-7', '--from', '1', '--to', '2026-01-02T01:00:00+01:00'];
    expect(sequencesOf((await runCommand(argv, { url: server.url })).stdout)).toEqual([1, 2, 3]);
    const { pathname, searchParams } = new URL(server.seen[0]!.url, server.url);
    expect(pathname).toBe('/api/v1/devices/pump-7/events');
    expect(Object.fromEntries(searchParams)).toEqual({ from: '1', to: '2026-01-02T00:00:00.000Z', limit: '1000' });
  });

  test('Ctrl-C says how to go on', async () => {
    const interruption = new AbortController();
    server = await startContractServer((request, response) => {
      if (request.url.endsWith('/system/status')) {
        sendJson(response, STATUS);
        return;
      }
      response.writeHead(200).write(lines(1, 2));
      setTimeout(() => interruption.abort(), 100);
    });
    const result = await runCommand(['replay', '--all'], { url: server.url, signal: interruption.signal });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('--after 0:2');
  });
});
