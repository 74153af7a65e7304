import { createHash } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import mqtt from 'mqtt';
import WebSocket from 'ws';
import { eventually, startTestBroker, type TestBroker, type TestDevice } from '../../support/mqtt-broker.js';
import { buildDevice, issuerOf } from '../../../src/transport/pki/certificate-builder.js';
import { createTestAuthority, makeKey } from '../../support/mqtt-certificates.js';
import { openTls, publish, rawClient, subscribe } from '../../support/mqtt-raw-client.js';

const DAY_MS = 86_400_000;

describe('who may connect', () => {
  let server: TestBroker;
  let dev1: TestDevice;
  let dev2: TestDevice;
  beforeAll(async () => {
    server = await startTestBroker();
    dev1 = await server.register('dev1');
    dev2 = await server.register('dev2');
  });
  afterAll(() => server.stop());

  /** Return code of CONNACK, or `closed` when none came. */
  async function connackWith(pair: { key?: string; cert?: string }): Promise<number | 'closed'> {
    const client = await openTls(server.port('mqtts'), { ...pair, ca: server.authority.cert }).catch(() => undefined);
    if (!client) return 'closed';
    const connack = await client.connect();
    await client.end();
    return connack?.returnCode ?? 'closed';
  }

  test.each<[string, () => Promise<{ key?: string; cert?: string }>]>([
    ['none', () => Promise.resolve({})],
    ['an expired one', () => server.authority.device('default', 'dev1', { notAfter: Date.now() - 1000 })],
    ['one that is not yet valid', () => server.authority.device('default', 'dev1', { notBefore: Date.now() + DAY_MS })],
    [
      'a self-signed one',
      async () => {
        const key = await makeKey();
        const name = issuerOf(server.authority.cert, key.privateKey).name;
        const issuer = { key: key.privateKey, name, publicKey: server.authority.issuer.publicKey };
        const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + DAY_MS };
        return {
          key: key.pem,
          cert: await buildDevice(issuer, key.spki, { tenant: 'default', device: 'dev1' }, validity),
        };
      },
    ],
    ['one of another CA of the same name', async () => (await createTestAuthority()).device('default', 'dev1')],
    ['one without EKU clientAuth', () => server.authority.server()],
    [
      'one issued by a device certificate',
      async () => {
        const key = await makeKey();
        const parent = await makeKey();
        const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + DAY_MS };
        const subject = { tenant: 'default', device: 'dev1' };
        const parentCert = await buildDevice(server.authority.issuer, parent.spki, subject, validity);
        const leaf = await buildDevice(issuerOf(parentCert, parent.privateKey), key.spki, subject, validity);
        return { key: key.pem, cert: `${leaf}\n${parentCert}` };
      },
    ],
  ])('SEC-01 a client with %s as certificate never gets CONNACK', async (_name, make) => {
    const { key, cert } = await make();
    expect(await connackWith({ ...(key && { key }), ...(cert && { cert }) })).toBe('closed');
  });

  test('SEC-02 a certificate of our CA that the registry does not list is refused', async () => {
    expect(await connackWith(await server.authority.device('default', 'dev1'))).toBe(5);
    expect(await connackWith(await server.authority.device('acme', 'dev1'))).toBe(5);
    expect(await connackWith(await server.authority.device('default', 'nobody'))).toBe(5);
    expect(await connackWith(dev1.certificate)).toBe(0);
  });

  test.each(['..', 'a/b', 'a+', '#', 'x y', '$SYS', 'dév1', 'x'.repeat(129)])(
    'SEC-03 a certificate for the name %j is refused',
    async (name) => {
      // Node refuses to issue none of these; the subject may hold what it likes.
      expect(await connackWith(await server.authority.device('default', name))).not.toBe(0);
    },
  );

  test('SEC-08 only TLS 1.2 and 1.3 with AEAD are spoken, and ALPN names mqtt', async () => {
    const options = { key: dev1.certificate.key, cert: dev1.certificate.cert, ca: server.authority.cert };
    const port = server.port('mqtts');
    const client = await openTls(port, { ...options, ALPNProtocols: ['x-amzn-mqtt-ca'], maxVersion: 'TLSv1.2' });
    expect(client.socket).toMatchObject({ alpnProtocol: 'x-amzn-mqtt-ca' });
    expect(await client.connect()).toMatchObject({ returnCode: 0 });
    await client.end();
    await expect(openTls(port, { ...options, maxVersion: 'TLSv1.1' })).rejects.toThrow();
    await expect(
      openTls(port, { ...options, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }),
    ).rejects.toThrow();
  });

  test('tokens connect as tenant/device, as device, and alone as user name', async () => {
    for (const login of [
      { username: 'default/dev1', password: Buffer.from(dev1.token) },
      { username: 'dev1', password: Buffer.from(dev1.token) },
      { username: dev1.token },
    ]) {
      const client = await server.openPlain();
      expect(await client.connect(login)).toMatchObject({ returnCode: 0 });
      await client.end();
    }
    expect(server.events(dev1, 'DeviceConnected').at(-1)).toMatchObject({
      data: { credential: dev1.tokenId, listener: 'mqtt' },
    });
  });

  test.each<[string, () => object, number]>([
    ['none at all', () => ({}), 4],
    ['a wrong token', () => ({ username: 'dev1', password: Buffer.from('wrong') }), 4],
    ["another device's token", () => ({ username: 'dev1', password: Buffer.from(dev2.token) }), 4],
    ['an unknown token as user name', () => ({ username: 'wrong' }), 4],
    ['a control character in the user name', () => ({ username: 'dev\u00011', password: Buffer.from('x') }), 4],
    ['a device that is not registered', () => ({ username: 'nobody', password: Buffer.from('x') }), 4],
  ])('A11 a plain connection with %s gets CONNACK and is closed', async (_name, login, code) => {
    const client = await server.openPlain();
    expect(await client.connect(login())).toMatchObject({ returnCode: code });
    await client.closed;
  });

  test('A7 SEC-53 an empty client id is refused for a stored session and leaves no session behind', async () => {
    const client = await server.open(dev1);
    expect(await client.connect({ clientId: '', clean: false })).toMatchObject({ returnCode: 2 });
    await client.closed;
    const clean = await server.open(dev1);
    expect(await clean.connect({ clientId: '', clean: true })).toMatchObject({ returnCode: 0 });
    await clean.end();
  });

  test('A6 a client id with control characters or over 256 bytes is refused', async () => {
    for (const clientId of ['a\u0001', 'a\u009f', 'x'.repeat(257)]) {
      const client = await server.open(dev1);
      expect(await client.connect({ clientId })).toMatchObject({ returnCode: 2 });
      await client.closed;
    }
  });

  test.each([true, false])(
    "SEC-04 another device's client id with clean %p is refused, and that device keeps connection and session",
    async (clean) => {
      const genuine = await server.open(dev2);
      await genuine.connect({ clientId: 'dev2', clean: false });
      genuine.send(subscribe(1, 'devices/dev2/#'));
      await genuine.next('suback');
      for (const clientId of ['dev2', 'default/dev2']) {
        const thief = await server.open(dev1);
        expect(await thief.connect({ clientId, clean })).toMatchObject({ returnCode: 5 });
        await thief.closed;
      }
      genuine.send(publish('devices/dev2/events/still-here', 1, { qos: 1, messageId: 2 }));
      expect(await genuine.next('publish')).toMatchObject({ topic: 'devices/dev2/events/still-here' });
      await genuine.end();
      const again = await server.open(dev2);
      expect(await again.connect({ clientId: 'whatever', clean: false })).toMatchObject({ sessionPresent: true });
      await again.end();
    },
  );

  test('A9 a stranger with the id of a device and clean 1 does not void its QoS 2 ids', async () => {
    const device = await server.register('a9');
    const client = await server.open(device);
    await client.connect({ clean: false });
    client.send(publish('devices/a9/telemetry', { n: 1 }, { qos: 2, messageId: 5 }));
    await client.next('pubrec');
    for (const other of [await server.openPlain(), await server.openPlain()]) {
      await other.connect({ clientId: 'default/a9', username: 'a9', password: Buffer.from('wrong'), clean: true });
      await other.closed;
    }
    client.send(publish('devices/a9/telemetry', { n: 1 }, { qos: 2, messageId: 5, dup: true }));
    await client.next('pubrec');
    expect(server.events(device, 'TelemetryRecorded')).toHaveLength(1);
    await client.end();
  });

  test('A17 a keep-alive of 0 or of an hour counts as the maximum', async () => {
    for (const keepalive of [0, 3600]) {
      const client = await server.open(dev1);
      expect(await client.connect({ keepalive })).toMatchObject({ returnCode: 0 });
      expect(server.events(dev1, 'DeviceConnected').at(-1)).toMatchObject({ data: { keepAlive: 1200 } });
      await client.end();
    }
  });

  test('SEC-42 a will on a forbidden topic is refused at CONNECT', async () => {
    const client = await server.open(dev1);
    const will = { topic: 'devices/dev2/telemetry', payload: Buffer.from('{"a":1}'), qos: 1 as const, retain: false };
    expect(await client.connect({ will })).toMatchObject({ returnCode: 5 });
    await client.closed;
  });

  test('SEC-42 a will is journaled once when the connection is lost, and not after DISCONNECT', async () => {
    const device = await server.register('willing');
    const will = { topic: 'devices/willing/events/gone', payload: Buffer.from('{}'), qos: 1 as const, retain: true };
    const client = await server.open(device);
    await client.connect({ will });
    await client.end();
    await eventually(() => server.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    const polite = await server.open(device);
    await polite.connect({ will });
    polite.send({ cmd: 'disconnect' });
    await polite.closed;
    await eventually(() => server.events(device, 'DeviceDisconnected').length === 2, 'the second end is journaled');
    expect(
      server
        .events(device)
        .map(({ type }) => type)
        .slice(3),
    ).toEqual([
      'DeviceConnected',
      'DeviceEventRecorded',
      'DeviceDisconnected',
      'DeviceConnected',
      'DeviceDisconnected',
    ]);
    expect(server.events(device, 'DeviceDisconnected').map(({ data }) => data['reason'])).toEqual([
      'CONNECTION_LOST',
      'CLIENT_DISCONNECT',
    ]);
  });

  test('X5 SEC-05 revoking a certificate ends its connection and refuses the next one, also on a resumed TLS session', async () => {
    const device = await server.register('revoked');
    const { key, cert, fingerprint } = device.certificate;
    let session: Buffer | undefined;
    const options = {
      key,
      cert,
      ca: server.authority.cert,
      maxVersion: 'TLSv1.2' as const,
      port: server.port('mqtts'),
    };
    const first = connectTls({ ...options, host: '127.0.0.1' });
    first.on('session', (ticket: Buffer) => (session = ticket));
    const client = rawClient(first);
    expect(await client.connect()).toMatchObject({ returnCode: 0 });
    await server.command(device, { type: 'RevokeCertificate', fingerprint, reason: 'stolen' });
    await client.closed;
    await eventually(() => server.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(server.events(device, 'DeviceDisconnected')[0]).toMatchObject({ data: { reason: 'CREDENTIAL_REVOKED' } });
    const resumed = connectTls({ ...options, host: '127.0.0.1', session: session! });
    const again = rawClient(resumed);
    expect(await again.connect()).toMatchObject({ returnCode: 5 });
    expect(resumed.isSessionReused()).toBe(true);
    await again.closed;
  });

  test.each<[string, (device: TestDevice) => Parameters<TestBroker['command']>[1], string]>([
    ['revoking its token', ({ tokenId }) => ({ type: 'RevokeToken', tokenId, reason: 'x' }), 'CREDENTIAL_REVOKED'],
    ['disabling it', () => ({ type: 'UpdateDevice', patch: { enabled: false } }), 'DEVICE_DISABLED'],
    ['deleting it', () => ({ type: 'DeleteDevice' }), 'DEVICE_DELETED'],
  ])('SEC-05 %s ends the connection of a device with that reason', async (_name, command, reason) => {
    const device = await server.register(`ended-${reason.toLowerCase()}`);
    const client = await server.openPlain();
    const login = { username: device.id, password: Buffer.from(device.token) };
    expect(await client.connect(login)).toMatchObject({ returnCode: 0 });
    expect(await server.command(device, command(device))).toMatchObject({ kind: 'accepted' });
    await client.closed;
    await eventually(() => server.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(server.events(device, 'DeviceDisconnected')[0]).toMatchObject({ data: { reason } });
    const again = await server.openPlain();
    expect(await again.connect(login)).not.toMatchObject({ returnCode: 0 });
    await again.closed;
  });

  test('SEC-07 of two connections of one device the newer stays, and the session is one', async () => {
    const device = await server.register('twice');
    const older = await server.open(device);
    await older.connect({ clean: false });
    older.send(subscribe(1, 'devices/twice/#'));
    await older.next('suback');
    const newer = await server.open(device);
    expect(await newer.connect({ clean: false })).toMatchObject({ returnCode: 0, sessionPresent: true });
    await older.closed;
    newer.send(publish('devices/twice/events/hello', 1, { qos: 1, messageId: 1 }));
    expect(await newer.next('publish')).toMatchObject({ topic: 'devices/twice/events/hello' });
    expect(server.events(device, 'DeviceDisconnected').map(({ data }) => data['reason'])).toEqual(['TAKEN_OVER']);
    await newer.end();
  });

  test('a connection whose session another node has ended as lost is closed, so that the device begins a new one', async () => {
    const device = await server.register('thought-dead');
    const client = await server.open(device);
    await client.connect();
    await server.command(device, { type: 'DisconnectDevice', sessionEpoch: 1, reason: 'SERVER_LOST' });
    await client.closed;
    const again = await server.open(device);
    expect(await again.connect()).toMatchObject({ returnCode: 0 });
    await again.ping();
    expect(server.events(device, 'DeviceDisconnected').map(({ data }) => data['reason'])).toEqual(['SERVER_LOST']);
    expect(server.events(device, 'DeviceConnected').at(-1)).toMatchObject({ data: { node: 'test', life: 'first' } });
    await again.end();
  });

  test('A10 a CONNECT that dies while it is admitted does not hide the live connection from a later takeover', async () => {
    const device = await server.register('a10');
    const live = await server.open(device);
    await live.connect();
    const dying = await server.open(device);
    void dying.connect();
    await new Promise((resolve) => setImmediate(resolve));
    dying.socket.destroy();
    const newest = await server.open(device);
    expect(await newest.connect()).toMatchObject({ returnCode: 0 });
    await live.closed;
    await newest.ping();
    server.broker.closeDevice('default', 'a10', 'DEVICE_DISABLED');
    await newest.closed;
  });

  test('A11 a connection is closed when its admission does not end', async () => {
    const slow = await startTestBroker({ limits: { connectMs: 200 } });
    const device = await slow.register('slow');
    slow.memory.faults.stalled = true;
    const client = await slow.open(device);
    // Either the deadline of the connection or that of the question is first.
    expect((await client.connect())?.returnCode ?? 'closed').not.toBe(0);
    await client.closed;
    const silent = await slow.openPlain();
    await silent.closed;
    await slow.stop();
  });

  test('A11 a session that begins after its CONNECT was refused ends at once', async () => {
    const slow = await startTestBroker({ limits: { connectMs: 100 } });
    const device = await slow.register('too-late');
    slow.memory.faults.stalled = true;
    const client = await slow.open(device);
    await client.connect();
    await client.closed;
    await new Promise((resolve) => setTimeout(resolve, 100));
    slow.memory.faults.stalled = false;
    await eventually(() => slow.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(slow.events(device, 'DeviceDisconnected')[0]).toMatchObject({
      data: { sessionEpoch: 1, reason: 'CONNECTION_LOST' },
    });
    await slow.stop();
  });

  test('A10 a session that begins when its client has gone ends, though an older one is live', async () => {
    const device = await server.register('gone');
    const live = await server.open(device);
    await live.connect();
    server.memory.faults.stalled = true;
    const dying = await server.open(device);
    void dying.connect();
    await eventually(() => server.broker.attends('default', 'gone'), 'its CONNECT is being decided');
    await new Promise((resolve) => setTimeout(resolve, 50));
    dying.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.memory.faults.stalled = false;
    const ended = () => server.events(device, 'DeviceDisconnected').map(({ data }) => data['sessionEpoch']);
    await eventually(() => ended().includes(2), 'its end is journaled');
    await live.end();
  });

  test('SEC-06 a connection ends when its credential does', async () => {
    const device = await server.register('short-lived');
    const token = 'a-token-that-ends-soon';
    const sha256 = createHash('sha256').update(token).digest('hex');
    await server.command(device, { type: 'AddToken', tokenId: 'soon', sha256, expiresAt: Date.now() + 800 });
    const client = await server.openPlain();
    const login = { username: device.id, password: Buffer.from(token) };
    expect(await client.connect(login)).toMatchObject({ returnCode: 0 });
    await client.closed;
    await eventually(() => server.events(device, 'DeviceDisconnected').length === 1, 'the end is journaled');
    expect(server.events(device, 'DeviceDisconnected')[0]).toMatchObject({ data: { reason: 'CREDENTIAL_EXPIRED' } });
    const late = await server.openPlain();
    expect(await late.connect(login)).toMatchObject({ returnCode: 4 });
  });

  test('SEC-11 after ten wrong tokens one try a second is heard', async () => {
    const login = { username: 'dev2', password: Buffer.from('guess') };
    const codes: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const client = await server.openPlain();
      codes.push((await client.connect(login))?.returnCode);
      await client.closed;
    }
    expect(codes.slice(0, 9)).toEqual(new Array(9).fill(4));
    expect(codes.at(-1)).toBe(3);
  });

  test('SEC-45 without a good token nobody learns which devices there are, and asking for names is counted as guessing', async () => {
    const own = await startTestBroker({ limits: { wrongTokensPerAddress: 6 } });
    await own.register('there');
    await own.register('there', 'acme');
    const password = Buffer.from('guess');
    const codes: (number | undefined)[] = [];
    for (const login of [
      { username: 'there', password },
      { username: 'nowhere', password },
      { username: 'acme/there', password },
      { username: 'acme/nowhere', password },
      { username: 'nowhere', password, clientId: 'there' },
      { username: 'nowhere', password, clientId: 'nobody' },
      { username: 'another', password },
    ]) {
      const client = await own.openPlain();
      codes.push((await client.connect(login))?.returnCode);
      await client.closed;
    }
    await own.stop();
    expect(codes).toEqual([4, 4, 4, 4, 4, 4, 3]);
  });

  test('SEC-45 a refused topic answers alike whether its device is there or not', async () => {
    const client = await server.open(dev1);
    await client.connect();
    client.send(subscribe(1, 'devices/dev1/errors'));
    await client.next('suback');
    const answers: unknown[] = [];
    for (const name of ['dev2', 'none']) {
      client.send(publish(`devices/${name}/telemetry`, { a: 1 }, { qos: 1, messageId: 2 }));
      client.send(subscribe(3, `devices/${name}/#`));
      const told = await client.next('publish');
      const { granted } = await client.next('suback');
      answers.push([String(told.payload).replaceAll(name, 'NAME'), granted, (await client.next('puback')).messageId]);
    }
    expect(answers[0]).toEqual(answers[1]);
    await client.end();
  });

  test('SEC-10 MQTT over WebSocket takes tokens, and refuses other paths, subprotocols and origins', async () => {
    const url = `wss://127.0.0.1:${server.port('wss')}`;
    const login = { username: 'dev1', password: dev1.token, ca: server.authority.cert, reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`${url}/mqtt`, { ...login, protocolVersion: 4 });
    await client.publishAsync('devices/dev1/telemetry', '{"over":"ws"}', { qos: 1 });
    expect(server.events(dev1, 'TelemetryRecorded').at(-1)).toMatchObject({ data: { values: { over: 'ws' } } });
    await client.endAsync();
    const statusOf = (path: string, protocol: string, origin?: string): Promise<number | undefined> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${url}${path}`, [protocol], {
          ca: server.authority.cert,
          ...(origin && { origin }),
        });
        socket.on('error', () => undefined);
        socket.on('open', () => resolve(101));
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.on('open', () => socket.terminate());
      });
    expect(await statusOf('/mqtt', 'mqtt', url.replace('wss', 'https'))).toBe(101);
    expect(await statusOf('/other', 'mqtt')).toBe(404);
    expect(await statusOf('/mqtt', 'other')).toBe(400);
    expect(await statusOf('/mqtt', 'mqtt', 'https://evil.example')).toBe(403);
  });
});
