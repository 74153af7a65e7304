import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventsLine } from '../../../src/api/dashboard/pages/events/view.js';
import { sendJson, startContractServer, type ContractServer } from '../../support/contract-server.js';
import { runCommand } from './run-command.js';

const DEVICE = {
  id: 'pump-7',
  tags: [],
  attributes: {},
  enabled: true,
  connection: { connected: false, sessionEpoch: 0 },
  registeredAt: '2026-01-01T00:00:00.000Z',
  revision: 1,
};

let server: ContractServer;
beforeEach(async () => {
  server = await startContractServer((request, response) => {
    if (request.method === 'DELETE') response.writeHead(204).end();
    else sendJson(response, DEVICE, request.method === 'POST' ? 201 : 200);
  });
});
afterEach(() => server.stop());

describe('what is sent', () => {
  test('create sends the members that were given, with the token', async () => {
    const argv = [
      'device',
      'create',
      'pump-7',
      '--type',
      'pump',
      '--tag',
      'a',
      '--tag',
      'b',
      '--data',
      '{"gateway":true}',
    ];
    expect((await runCommand(argv, { url: server.url })).exitCode).toBe(0);
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'POST', url: '/api/v1/devices' });
    expect(request?.headers.authorization).toBe('Bearer flt_secret');
    expect(JSON.parse(request?.body ?? '')).toEqual({ id: 'pump-7', type: 'pump', tags: ['a', 'b'], gateway: true });
  });

  test('update is a merge patch, guarded by the revision', async () => {
    const argv = ['device', 'update', 'pump-7', '--data', '{"name":null}', '--if-match', '12'];
    await runCommand(argv, { url: server.url });
    expect(server.seen[0]).toMatchObject({ method: 'PATCH', url: '/api/v1/devices/pump-7', body: '{"name":null}' });
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'application/merge-patch+json',
      'if-match': '"12"',
    });
  });

  test('an update of nothing is wrong usage', async () => {
    expect((await runCommand(['device', 'update', 'pump-7'], { url: server.url })).exitCode).toBe(2);
    expect(server.seen).toEqual([]);
  });

  test('the filters of the dashboard become one condition', async () => {
    const argv = [
      'device',
      'ls',
      '--type',
      'pump',
      '--type',
      'valve',
      '--tag',
      'a"b',
      '--filter',
      'device.connected || false',
    ];
    await runCommand([...argv, '--state', 'online', '--search', 'p', '--sort', '-name'], { url: server.url });
    const query = new URL(server.seen[0]!.url, server.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      search: 'p',
      state: 'online',
      sort: '-name',
      limit: '250',
      filter: `device.type in ["pump", "valve"] && "a\\"b" in device.tags && (device.connected || false)`,
    });
  });

  test.each(['ls', 'tail'])('events %s asks the server for principal, chain and cause', async (name) => {
    const chain = [
      '--principal',
      'user/ann',
      '--correlation',
      'device/default/d1:1',
      '--causation',
      'device/default/d1:2',
    ];
    const { stdout } = await runCommand(['events', name, '--device', 'd1', ...chain, '--curl'], { url: server.url });
    expect(decodeURIComponent(stdout)).toMatch(
      /\/events\?device=d1&principal=user\/ann&correlationId=device\/default\/d1:1&causationId=device\/default\/d1:2/,
    );
  });

  test.each([
    ['device ls', '/devices?'],
    ['cert ls', '/certificates?'],
    ['cert ls pump-7', '/certificates?device=pump-7&'],
    ['events ls', '/events?'],
    ['events ls --device pump-7', '/devices/pump-7/events?'],
    ['audit ls', '/audit?'],
    ['device connections pump-7', '/devices/pump-7/connections?'],
    ['token ls', '/tokens?'],
    ['token ls --device pump-7', '/devices/pump-7/tokens?'],
    ['user ls', '/users?'],
    ['session ls', '/sessions?'],
  ])('%s asks for the members that are wanted, and shows nothing else', async (line, path) => {
    const lists = await startContractServer((_request, response) => {
      sendJson(response, { items: [{ a: 1, b: ['x'] }, { b: null }], next: null });
    });
    const run = [...line.split(' '), '--fields', 'b,a'];
    const inCsv = await runCommand([...run, '-o', 'csv'], { url: lists.url });
    const shown = await runCommand([...run, '-o', 'table'], { url: lists.url });
    await lists.stop();
    expect(lists.seen[0]!.url).toContain(`/api/v1${path}`);
    expect(new URL(lists.seen[0]!.url, lists.url).searchParams.get('fields')).toBe('b,a');
    if (line === 'events ls') return; // whose answer is lines
    expect(inCsv.stdout).toBe('b,a\n"[""x""]",1\n,\n');
    expect(shown.stdout).toBe('b      a\n["x"]  1\n–      –\n');
  });

  test('SEC-140 a password is never an argument', async () => {
    const { exitCode } = await runCommand(['user', 'add', 'ann', 'secret-word', '--role', 'viewer'], {
      url: server.url,
    });
    expect(exitCode).toBe(2);
  });

  test.each([
    [{ device: 'd1', types: 'A,B', from: '2026-02-03T14:00:00Z' }],
    [{ credential: 'abc', from: '2026-02-03T14:00:00Z', to: '2026-02-03T15:00:00Z', filter: 'true', shard: '3' }],
    [{ device: 'd1', types: 'A', to: '2026-02-03T15:00:00Z' }],
  ])('the line that the event explorer shows is understood: %j', async (request) => {
    const words =
      eventsLine(request)
        .replaceAll("'", '')
        .match(/--\w+=.*?(?= --|$)|\w+/g) ?? [];
    const { exitCode, stderr } = await runCommand([...words.slice(2), '--curl'], { url: server.url });
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  test.each([
    [[], { generateKey: true }],
    [['--key-type', 'RSA'], { generateKey: true, keyType: 'RSA' }],
  ])('the key that the server makes is of the type %j', async (options, body) => {
    const argv = ['cert', 'issue', 'pump-7', '--generate-key', ...options, '--dry-run'];
    expect(JSON.parse((await runCommand(argv, { url: server.url })).stdout)).toMatchObject({ body });
  });

  test('an id can not leave its place in the path', async () => {
    await runCommand(['device', 'get', '../tokens?x=1'], { url: server.url });
    expect(server.seen[0]?.url).toBe('/api/v1/devices/..%2Ftokens%3Fx%3D1');
  });
});

describe('what is not sent', () => {
  test('simulate asks the server for its MQTT port, and registers nothing where there is none', async () => {
    const without = await startContractServer((_request, response) => {
      sendJson(response, { mqtt: { host: 'localhost', mqttsPort: null, plainPort: null } });
    });
    const { exitCode, stderr } = await runCommand(['simulate', '--devices', '1'], { url: without.url });
    await without.stop();
    expect(without.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /api/v1/system/status']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('MQTTS_PORT')]);
  });

  test('--dry-run shows a change and sends nothing', async () => {
    const result = await runCommand(['device', 'disable', 'pump-7', '--dry-run'], { url: server.url });
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({
      dryRun: true,
      method: 'PATCH',
      path: '/api/v1/devices/pump-7',
      body: { enabled: false },
    });
    expect(server.seen).toEqual([]);
  });

  test('--curl shows a line that a shell runs, with the token masked', async () => {
    const argv = ['--curl', 'device', 'create', 'pump-7', '--name', `it's $HOME`];
    const result = await runCommand(argv, { url: server.url });
    expect(result.exitCode).toBe(0);
    expect(result.stdout).not.toContain('flt_secret');
    expect(result.stdout).toContain('"Authorization: Bearer $FLEETLOG_TOKEN"');
    expect(result.stdout).toContain(`'{"id":"pump-7","name":"it'\\''s $HOME"}'`);
    expect(server.seen).toEqual([]);
  });

  test.each([
    ['device rm pump-7'],
    ['cert revoke pump-7 abc'],
    ['token revoke abc'],
    ['session end abc'],
    ['user disable ann'],
    ['user rm ann'],
  ])('%s can not be undone: without a terminal it needs --yes', async (line) => {
    const refused = await runCommand(line.split(' '), { url: server.url });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('--yes');
    expect(server.seen).toEqual([]);
    expect((await runCommand([...line.split(' '), '--yes'], { url: server.url })).exitCode).toBe(0);
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ['yes', 0, 1],
    ['y', 1, 0],
    ['', 1, 0],
  ])('on a terminal it asks: %j ends with %i', async (typed, exitCode, sent) => {
    const result = await runCommand(['device', 'rm', 'pump-7'], { url: server.url, columns: 80, typed });
    expect(result.exitCode).toBe(exitCode);
    expect(server.seen).toHaveLength(sent);
  });
});
