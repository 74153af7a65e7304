import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceCredential } from '../../../src/edge/simulator/credential-folder.js';
import { enrol, register } from '../../../src/edge/simulator/enrolment.js';
import { createRestClient, RestProblem, type RestClient } from '../../../src/edge/simulator/rest-client.js';
import { makeKey } from '../../support/mqtt-certificates.js';
import { startContractServer, type ContractServer } from './contract-server.js';

const ID = 'seattle-2012';
const HOUR_MS = 3_600_000;

let server: ContractServer;
let dataDir: string;
let rest: RestClient;
beforeEach(async () => {
  [server, dataDir] = await Promise.all([startContractServer(), mkdtemp(join(tmpdir(), 'fleetlog-enrolment-'))]);
  rest = createRestClient(server);
});
afterEach(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

const registration = { id: ID, type: 'weather-station', name: 'Seattle', tags: [] };
const folder = (): string => join(dataDir, 'devices', ID);
const states = (): string[] => server.devices.get(ID)!.map(({ state }) => state);

async function enrolOnce(): Promise<DeviceCredential> {
  await register(rest, registration);
  return enrol(rest, { deviceId: ID, dataDir, ca: await rest.text('/ca.pem') });
}

describe('enrolment', () => {
  test('gives a P-256 key made here, and the certificate that the server issued for it', async () => {
    const { key, certificate, ca } = await enrolOnce();
    const parsed = new X509Certificate(certificate);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.verify(new X509Certificate(ca).publicKey)).toBe(true);
    expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  test('keeps the credential for its owner alone', async () => {
    await enrolOnce();
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
    for (const file of ['key.pem', 'certificate.pem', 'ca.pem']) {
      expect((await stat(join(folder(), file))).mode & 0o777).toBe(0o600);
    }
  });

  test('again registers nothing twice and keeps the credential', async () => {
    const first = await enrolOnce();
    expect(await enrolOnce()).toEqual(first);
    expect(states()).toEqual(['active']);
  });

  test('takes a new certificate when the kept one was revoked', async () => {
    const first = await enrolOnce();
    server.devices.get(ID)![0]!.state = 'revoked';
    const second = await enrolOnce();
    expect(second.certificate).not.toBe(first.certificate);
    expect(states()).toEqual(['revoked', 'active']);
    expect(await enrolOnce()).toEqual(second);
  });

  test('takes a new certificate when the kept one ends within a day', async () => {
    server.validMs = HOUR_MS;
    const first = await enrolOnce();
    server.validMs = 100 * 24 * HOUR_MS;
    expect((await enrolOnce()).certificate).not.toBe(first.certificate);
  });

  test('whose folder is lost revokes the oldest certificate once two are active', async () => {
    for (let time = 1; time <= 3; time++) {
      await enrolOnce();
      await rm(folder(), { recursive: true });
    }
    await enrolOnce();
    expect(states()).toEqual(['revoked', 'revoked', 'active', 'active']);
  });

  test.each([
    ['is torn', 'certificate.pem', 'torn'],
    ['is empty', 'certificate.pem', ''],
    ['belongs to another key', 'key.pem', undefined],
  ])('takes a new certificate when the kept one %s', async (_name, file, content) => {
    const first = await enrolOnce();
    const { pem: other } = await makeKey();
    await writeFile(join(folder(), file), content ?? other);
    const second = await enrolOnce();
    expect(second.certificate).not.toBe(first.certificate);
    expect(new X509Certificate(second.certificate).checkPrivateKey(createPrivateKey(second.key))).toBe(true);
  });

  test('trusts the authority of today, not the one that was kept', async () => {
    const { ca } = await enrolOnce();
    await writeFile(join(folder(), 'ca.pem'), 'an old authority');
    expect((await enrolOnce()).ca).toBe(ca);
  });

  test('of a device that is not registered fails with the code of the server', async () => {
    await expect(enrol(rest, { deviceId: 'nobody', dataDir, ca: '' })).rejects.toMatchObject({
      code: 'DEVICE_NOT_FOUND',
    });
  });
});

describe('the REST client', () => {
  test('comes back when the server says later, and has done it once', async () => {
    server.refuseNext(429, 503);
    await register(rest, registration);
    expect(server.calls).toEqual(Array(3).fill('POST /api/v1/devices'));
    expect([...server.devices.keys()]).toEqual([ID]);
  });

  test('gives up after ten refusals', async () => {
    server.refuseNext(...Array<number>(10).fill(429));
    await expect(register(rest, registration)).rejects.toMatchObject({ status: 429 });
    expect(server.calls).toHaveLength(10);
  });

  test('turns a problem document into an error with its code', async () => {
    const stranger = createRestClient({ url: server.url, token: 'wrong' });
    const refusal = stranger.call('GET', '/devices/x/certificates');
    await expect(refusal).rejects.toBeInstanceOf(RestProblem);
    await expect(refusal).rejects.toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
  });

  test('ends with its signal', async () => {
    const abort = new AbortController();
    abort.abort();
    const ended = createRestClient({ ...server, signal: abort.signal });
    await expect(ended.text('/ca.pem')).rejects.toMatchObject({ name: 'AbortError' });
  });
});
