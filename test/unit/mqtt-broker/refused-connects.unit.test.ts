import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestBroker, type TestBroker, type TestDevice } from '../../support/mqtt-broker.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { createTestAuthority, type TestCertificate } from '../../support/mqtt-certificates.js';
import { eventually } from '../../support/mqtt-broker.js';
import { openTls } from '../../support/mqtt-raw-client.js';
import { createRefusalNotes } from '../../../src/transport/mqtt/refused-connects.js';

const DAY_MS = 86_400_000;

describe('a refused connect is told with its reason', () => {
  let server: TestBroker;
  let device: TestDevice;
  beforeEach(async () => {
    server = await startTestBroker();
    device = await server.register('pump-7');
  });
  afterEach(() => server.stop());

  async function tryWith(pair: Partial<TestCertificate>, clientId = 'free'): Promise<void> {
    const { key, cert } = pair;
    const client = await openTls(server.port('mqtts'), {
      ...(key && { key }),
      ...(cert && { cert }),
      ca: server.authority.cert,
    }).catch(() => undefined);
    await client?.connect({ clientId });
    await client?.end();
  }
  const told = () => server.broker.refusedConnects.of('default', 'pump-7');

  test.each<[string, string, () => Promise<void>]>([
    [
      'of an unknown authority',
      'CERTIFICATE_UNTRUSTED',
      async () => tryWith(await (await createTestAuthority()).device('default', 'pump-7')),
    ],
    [
      'that has expired',
      'CREDENTIAL_EXPIRED',
      async () => tryWith(await server.authority.device('default', 'pump-7', { notAfter: Date.now() - DAY_MS })),
    ],
    [
      'that the registry does not list',
      'CREDENTIAL_UNKNOWN',
      async () => tryWith(await server.authority.device('default', 'pump-7')),
    ],
    [
      'that was revoked',
      'CREDENTIAL_REVOKED',
      async () => {
        const { fingerprint } = device.certificate;
        await server.command(device, { type: 'RevokeCertificate', fingerprint, reason: 'lost' });
        await tryWith(device.certificate);
      },
    ],
    [
      'of a disabled device',
      'DEVICE_DISABLED',
      async () => {
        await server.command(device, { type: 'UpdateDevice', patch: { enabled: false } });
        await tryWith(device.certificate);
      },
    ],
    [
      'beside the client id of another device',
      'CLIENT_ID_FORBIDDEN',
      async () => {
        await server.register('pump-8');
        await tryWith(device.certificate, 'pump-8');
      },
    ],
  ])('a certificate %s: %s', async (_name, code, attempt) => {
    await attempt();
    await eventually(() => told() !== undefined, 'the refusal is told');
    expect(told()).toMatchObject({ device: 'pump-7', code, count: 1, address: '127.0.0.1' });
  });

  test('an id that is not registered is told too, so that it can be', async () => {
    await tryWith(await server.authority.device('default', 'stranger'));
    await eventually(() => server.broker.refusedConnects.recent('default').length > 0, 'the refusal is told');
    expect(server.broker.refusedConnects.recent('default')).toMatchObject([
      { device: 'stranger', code: 'DEVICE_UNKNOWN' },
    ]);
    expect(server.broker.refusedConnects.recent('acme')).toEqual([]);
  });

  test('SEC-01 a client without a certificate gets no CONNACK, whatever session it got, and is counted', async () => {
    const { port, ca } = { port: server.port('mqtts'), ca: server.authority.cert };
    const { connect } = await import('node:tls');
    let session: Buffer | undefined;
    const attempt = (resumed?: Buffer) =>
      new Promise<Buffer>((resolve) => {
        const chunks: Buffer[] = [];
        const socket = connect({ host: '127.0.0.1', port, ca, ...(resumed && { session: resumed }) });
        socket.on('session', (ticket) => (session = ticket));
        socket.on('secureConnect', () => socket.write(Buffer.from('100d00044d5154540402003c000161', 'hex')));
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(Buffer.concat(chunks)));
      });
    expect(await attempt()).toHaveLength(0);
    expect(await attempt(session)).toHaveLength(0);
    expect(server.meter.values.get('fleetlog_mqtt_refused_total{reason="CERTIFICATE_MISSING"}')).toBe(2);
  });

  test('SEC-140 a token that came as user name is in no log line', async () => {
    const client = await server.openPlain();
    const token = 'fld_secret-token-of-somebody';
    await client.connect({ username: token });
    await eventually(() => server.logger.lines.length > 0, 'the refusal is logged');
    expect(JSON.stringify(server.logger.lines)).not.toContain(token);
  });
});

describe('the memory of refused connects', () => {
  const notes = () => createRefusalNotes(createSilentLogger(), { now: () => 1_000_000, monotonic: () => 0 });
  const refusal = (device: string, more: object = {}) => ({
    peer: { tenant: 'default', device },
    ...{ isVouched: false, address: '10.0.0.1', code: 'CREDENTIAL_UNKNOWN' },
    ...more,
  });

  test('one address that claims name after name does not fill it', () => {
    const memory = notes();
    for (let n = 0; n < 5000; n += 1) memory.note(refusal(`made-up-${n}`));
    expect(memory.recent('default')).toHaveLength(20);
  });

  test('claims from anywhere do not push out what the authority vouches for, nor hide its reason', () => {
    const memory = notes();
    memory.note(refusal('pump-7', { isVouched: true, code: 'CREDENTIAL_REVOKED' }));
    for (let n = 0; n < 5000; n += 1) memory.note(refusal(`made-up-${n}`, { address: `10.0.${n >> 8}.${n & 255}` }));
    memory.note(refusal('pump-7', { address: '10.9.9.9' }));
    expect(memory.recent('default')).toHaveLength(1000);
    expect(memory.recent('default')[0]).toMatchObject({ device: 'pump-7', code: 'CREDENTIAL_REVOKED' });
    expect(memory.of('default', 'pump-7')).toMatchObject({ code: 'CREDENTIAL_REVOKED', count: 1 });
  });
});
