import { afterEach, describe, expect, test } from '@jest/globals';
import { relativeTime } from '../../../src/api/cli/terminal.js';
import { eventJson, sendJson, startContractServer, type ContractServer } from '../../support/contract-server.js';
import { runCommand } from './run-command.js';

const HOSTILE = 'a\u001b]0;owned\u0007\u009b31m\u202eb';
const row = (id: string, more: object = {}) => ({
  id,
  type: 'pump',
  name: HOSTILE,
  tags: ['hall-2'],
  enabled: true,
  gateway: false,
  via: [],
  connected: true,
  sessionEpoch: 3,
  connectedAt: new Date().toISOString(),
  disconnectedAt: null,
  disconnectReason: null,
  registeredAt: new Date().toISOString(),
  revision: 1,
  ...more,
});

let server: ContractServer | undefined;
afterEach(() => server?.stop());

async function serve(items: readonly object[]): Promise<string> {
  server = await startContractServer((_request, response) => sendJson(response, { items, next: null }));
  return server.url;
}

describe('a pipe', () => {
  test('gets one JSON object a line, with every member as the server sent it', async () => {
    const items = [row('p1'), row('p2', { enabled: false })];
    const { stdout } = await runCommand(['device', 'ls'], { url: await serve(items) });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(items);
  });

  test('pages are followed to their end, and no further than --limit', async () => {
    server = await startContractServer((request, response) => {
      const second = request.url.includes('cursor=two');
      sendJson(response, {
        items: [row(second ? 'p3' : 'p1'), row(second ? 'p4' : 'p2')],
        next: second ? null : 'two',
      });
    });
    const { url } = server;
    const ids = async (...more: string[]) =>
      (await runCommand(['device', 'ls', ...more], { url })).stdout.match(/p\d/g);
    expect(await ids()).toEqual(['p1', 'p2', 'p3', 'p4']);
    expect(await ids('--limit', '3')).toEqual(['p1', 'p2', 'p3']);
  });
});

describe('-o', () => {
  test('csv has a header and a line per row, wherever it goes', async () => {
    const url = await serve([row('p1', { name: '=cmd()', tags: [] })]);
    const { stdout } = await runCommand(['device', 'ls', '-o', 'csv'], { url });
    const [header, line] = stdout.split('\n');
    expect(header).toBe(
      'id,type,name,tags,enabled,gateway,via,connected,sessionEpoch,connectedAt,disconnectedAt,disconnectReason,registeredAt,revision',
    );
    expect(line).toMatch(/^p1,pump,'=cmd\(\),\[\],true,/);
  });

  test('table is one in a pipe too, without colours', async () => {
    const { stdout } = await runCommand(['device', 'ls', '-o', 'table'], { url: await serve([row('p1')]) });
    expect(stdout).toContain('● online');
    expect(stdout).not.toContain('\u001b[');
  });

  test('anything else is wrong usage', async () => {
    expect((await runCommand(['device', 'ls', '-o', 'xml'], { url: await serve([]) })).exitCode).toBe(2);
  });
});

describe('a terminal', () => {
  test('gets a table with the state as symbol and word', async () => {
    const items = [
      row('p1'),
      row('p2', { connected: false }),
      row('p3', { connected: false, sessionEpoch: 0 }),
      row('p4', { enabled: false }),
    ];
    const { stdout } = await runCommand(['device', 'ls', '--no-color'], { url: await serve(items), columns: 120 });
    for (const lamp of ['● online', '○ offline', '◇ never seen', '■ disabled']) expect(stdout).toContain(lamp);
    expect(stdout).toMatch(/^STATE +SINCE +ID +TYPE/);
  });

  test('SEC-88 never gets control characters of foreign text', async () => {
    const items = [row('p1')];
    for (const more of [[], ['--json']]) {
      const { stdout } = await runCommand(['device', 'ls', '--no-color', ...more], {
        url: await serve(items),
        columns: 120,
      });

      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      if (more.length > 0) expect(JSON.parse(stdout)).toEqual(items[0]);
      await server?.stop();
    }
  });

  test('SEC-88 neither of problems', async () => {
    server = await startContractServer((_request, response) =>
      sendJson(response, { title: 'T', code: 'INTERNAL', detail: HOSTILE, hint: HOSTILE, requestId: HOSTILE }, 500),
    );
    const { stderr } = await runCommand(['status'], { url: server.url, columns: 80 });

    expect(stderr).not.toMatch(/[\u0007\u001b\u009b\u202e]/);
  });

  test.each([20, 40, 80])(
    'of %i columns gets no longer line than that, where columns can give way',
    async (columns) => {
      const items = [row('a-device-with-a-very-long-name-indeed', { name: 'n'.repeat(100), tags: ['t'.repeat(60)] })];
      const { stdout } = await runCommand(['device', 'ls', '--no-color'], { url: await serve(items), columns });
      const least = 7 * 8 + 6 * 2;
      for (const line of stdout.trimEnd().split('\n'))
        expect(Array.from(line).length).toBeLessThanOrEqual(Math.max(columns, least));
    },
  );

  test('gets colours unless NO_COLOR or --no-color', async () => {
    const url = await serve([row('p1')]);
    const coloured = async (argv: string[], environment = {}) =>
      (await runCommand(['device', 'ls', ...argv], { url, columns: 120, environment })).stdout.includes('\u001b[');
    expect(await coloured([])).toBe(true);
    expect(await coloured(['--no-color'])).toBe(false);
    expect(await coloured([], { NO_COLOR: '1' })).toBe(false);
    expect(await coloured([], { NO_COLOR: '' })).toBe(true);
  });

  test('is told the next step where there is nothing, unless --quiet', async () => {
    const url = await serve([]);
    expect((await runCommand(['device', 'ls'], { url, columns: 80 })).stderr).toContain('device create');
    expect((await runCommand(['device', 'ls', '--quiet'], { url, columns: 80 })).stderr).toBe('');
  });

  test('replay is lines of JSON there too', async () => {
    const line = JSON.stringify(eventJson(1));
    server = await startContractServer((request, response) =>
      request.url.endsWith('/status')
        ? sendJson(response, { shards: [{ shard: 0, head: 1 }] })
        : response.end(`${line}\n`),
    );
    const { stdout } = await runCommand(['replay', '--all', '--quiet'], { url: server.url, columns: 80 });
    expect(stdout).toBe(`${line}\n`);
  });
});

test.each([
  [0, '0 s ago'],
  [59, '59 s ago'],
  [60, '1 min ago'],
  [7_200, '2 h ago'],
  [200_000, '2 d ago'],
  [-7_200, 'in 2 h'],
])('a time %i s in the past reads %j', (seconds, text) => {
  const now = Date.UTC(2026, 0, 1);
  expect(relativeTime(new Date(now - seconds * 1000).toISOString(), now)).toBe(text);
});
