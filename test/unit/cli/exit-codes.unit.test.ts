import { afterEach, describe, expect, test } from '@jest/globals';
import { sendJson, sendProblem, startContractServer, type ContractServer } from '../../support/contract-server.js';
import { runCommand } from './run-command.js';

let server: ContractServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe('exit codes', () => {
  test.each([
    [401, 'TOKEN_MISSING', 3],
    [403, 'ROLE_INSUFFICIENT', 3],
    [404, 'DEVICE_NOT_FOUND', 4],
    [410, 'BUNDLE_GONE', 4],
    [409, 'DEVICE_EXISTS', 5],
    [412, 'VERSION_CONFLICT', 5],
    [503, 'TIMEOUT', 6],
    [504, 'TIMEOUT', 6],
    [400, 'PARAMETER_INVALID', 2],
    [422, 'FILTER_INVALID', 2],
    [422, 'PAYLOAD_INVALID', 1],
    [500, 'INTERNAL', 1],
  ])('a refusal with status %i and code %s ends with %i', async (status, code, exitCode) => {
    server = await startContractServer((_request, response) => sendProblem(response, status, code));
    const result = await runCommand(['device', 'get', 'pump-7'], { url: server.url });
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toBe('');
    for (const part of ['A title', 'A detail.', 'A hint.', code, 'request-1']) expect(result.stderr).toContain(part);
  });

  test('a refusal with one fault tells it once, one with several each of them', async () => {
    const fault = (message: string) => ({ pointer: '/name', code: 'PAYLOAD_INVALID', message });
    const faults = [fault('A detail.')];
    server = await startContractServer((_request, response) => {
      const problem = { title: 'A title', detail: 'A detail.', status: 422, code: 'PAYLOAD_INVALID', errors: faults };
      sendJson(response, problem, 422);
    });
    const once = await runCommand(['device', 'get', 'pump-7'], { url: server.url });
    expect(once.stderr).toBe('✗ A title: A detail. (PAYLOAD_INVALID)\n');
    faults.push(fault('Another.'));
    const both = await runCommand(['device', 'get', 'pump-7'], { url: server.url });
    expect(both.stderr).toBe('✗ A title: A detail.\n  /name  A detail.\n  /name  Another. (PAYLOAD_INVALID)\n');
  });

  test('an answer that is no problem document is told by its status', async () => {
    server = await startContractServer((_request, response) => response.writeHead(502).end('<html>'));
    const result = await runCommand(['status'], { url: server.url });
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain('502');
    expect(result.stderr).not.toContain('<html>');
  });

  test('success ends with 0', async () => {
    server = await startContractServer((_request, response) => sendJson(response, { items: [], next: null }));
    expect(await runCommand(['device', 'ls'], { url: server.url })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('a server that is not there ends with 1 and names the remedy', async () => {
    server = await startContractServer(() => undefined);
    const { url } = server;
    await server.stop();
    const result = await runCommand(['status'], { url });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('can not be reached');
    expect(result.stderr).toContain('doctor');
  });

  test.each([
    [['devcie', 'ls'], 'device'],
    [['device', 'ls', '--serach', 'x'], '--search'],
    [['replay'], '--all'],
    [['replay', '--all', '--from', '12'], 'times'],
    [['replay', '--all', '--format', 'xml'], 'ndjson'],
    [['simulate'], '--recording'],
    [['simulate', '--devices', '0'], 'whole number'],
    [['simulate', '--devices', '1', '--rate', 'fast'], '1/s'],
    [['simulate', '--devices', '1', '--faults', 'drip=1%'], 'drop'],
    [['cert', 'issue', 'pump-7'], '--csr'],
    [['cert', 'issue', 'pump-7', '--csr', 'package.json', '--key-type', 'RSA'], '--generate-key'],
    [['cert', 'issue', 'pump-7', '--generate-key', '--key-type', 'DSA'], 'P-256, RSA'],
    [['token', 'issue'], '--role'],
    [['session', 'end', '-4x', '--yes'], 'goes behind --'],
    [['device', 'update', 'pump-7', '--data', '[1]'], 'JSON object'],
  ])('wrong usage %j ends with 2 and names what is meant', async (argv, word) => {
    const result = await runCommand(argv, { url: 'http://127.0.0.1:9' });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(word);
  });

  test('help that was asked for ends with 0, on standard output', async () => {
    const result = await runCommand(['device', '--help']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain('update');
  });
});
