import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { brokerOfTheTest } from '../../support/mqtt-broker.js';
import { openTcp, openTls, publish, type RawClient } from '../../support/mqtt-raw-client.js';

/** What a TLS client says first. */
async function clientHello(): Promise<Buffer> {
  let heard: (bytes: Buffer) => void;
  const hello = new Promise<Buffer>((resolve) => (heard = resolve));
  const line = new Duplex({ read: () => undefined, write: (bytes: Buffer) => heard(bytes) });
  const client = connectTls({ socket: line }).on('error', () => undefined);
  const bytes = await hello;
  client.destroy();
  return bytes;
}

describe('sockets that lead nowhere', () => {
  const start = brokerOfTheTest();
  /** Sockets that hear nothing of what the server says, since it may be TLS. */
  async function open(count: number, port: number): Promise<RawClient[]> {
    const clients = await Promise.all(Array.from({ length: count }, () => openTcp(port)));
    for (const { socket } of clients) socket.removeAllListeners('data').resume();
    return clients;
  }
  const openCount = (clients: readonly RawClient[]): number => clients.filter(({ isClosed }) => !isClosed).length;

  test('SEC-51 with 1,000 of them open, of every kind, a good device is connected before one of them is cut', async () => {
    const own = await start();
    const device = await own.register('dev1');
    const port = own.port('mqtts');
    const hello = await clientHello();
    const { key, cert } = device.certificate;
    const withoutMqtt = await Promise.all(
      Array.from({ length: 50 }, () => openTls(port, { key, cert, ca: own.authority.cert })),
    );
    const halves = await open(150, own.port('mqtt'));
    for (const client of halves) client.sendBytes(Buffer.from([0x10, 0x20, 0, 4]));
    const silent = await open(300, port);
    const slow = await open(300, port);
    let sent = 0;
    const dribble = setInterval(() => {
      for (const client of slow) client.sendBytes(hello.subarray(sent, sent + 1));
      sent += 1;
    }, 200);
    const stalled = await open(200, port);
    for (const client of stalled) client.sendBytes(hello);
    const hostile = [...withoutMqtt, ...halves, ...silent, ...slow, ...stalled];
    try {
      const good = await own.open(device);
      expect(await good.connect()).toMatchObject({ returnCode: 0 });
      expect(openCount(hostile)).toBe(1_000);
    } finally {
      clearInterval(dribble);
      for (const client of hostile) client.socket.destroy();
    }
  });

  test('SEC-51 each kind is cut in time: silent, slow, stalled in the handshake, TLS without MQTT, WebSocket without upgrade', async () => {
    const own = await start({ limits: { handshakeMs: 300, connectMs: 400 } });
    const hello = await clientHello();
    const device = await own.register('dev1');
    const { key, cert } = device.certificate;
    const tls = { key, cert, ca: own.authority.cert };
    const [silent, slow, stalled] = (await open(3, own.port('mqtts'))) as [RawClient, RawClient, RawClient];
    slow.sendBytes(hello.subarray(0, 20));
    stalled.sendBytes(hello);
    const withoutMqtt = await openTls(own.port('mqtts'), tls);
    const withoutUpgrade = await openTls(own.port('wss'), tls);
    const halfUpgrade = await openTls(own.port('wss'), tls);
    halfUpgrade.sendBytes(Buffer.from('GET /mqtt HTTP/1.1\r\nHost: '));
    const all = [silent, slow, stalled, withoutMqtt, withoutUpgrade, halfUpgrade];
    await Promise.all(all.map(({ closed }) => closed));
  });

  test('SEC-51 what begins with no ClientHello, or with one beyond any size, is cut at once', async () => {
    const own = await start();
    const [noTls, tooLong] = (await open(2, own.port('mqtts'))) as [RawClient, RawClient];
    noTls.sendBytes(Buffer.from('G'));
    tooLong.sendBytes(Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff]), Buffer.alloc(17_000)]));
    await Promise.all([noTls.closed, tooLong.closed]);
  });

  test('a ClientHello that comes byte by byte is as good as one in one piece', async () => {
    const own = await start();
    const device = await own.register('dev1');
    const { key, cert } = device.certificate;
    const { socket: under } = (await open(1, own.port('mqtts')))[0]!;
    const line = new Duplex({
      read: () => undefined,
      write(bytes: Buffer, _encoding, done) {
        for (const byte of bytes) under.write(Buffer.from([byte]));
        done();
      },
    });
    under.on('data', (bytes: Buffer) => line.push(bytes));
    const client = connectTls({
      socket: line,
      key,
      cert,
      ca: own.authority.cert,
      checkServerIdentity: () => undefined,
    });
    await once(client, 'secureConnect');
    client.destroy();
    under.destroy();
  });

  test('SEC-50 bytes behind a declared 200 MB are never kept, of 100 that nobody knows', async () => {
    const own = await start();
    const megabyte = Buffer.alloc(1 << 20);
    const strangers = await open(100, own.port('mqtt'));
    const before = process.memoryUsage().arrayBuffers;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 5);
    for (const client of strangers) {
      client.sendBytes(Buffer.from([0x10, 0x80, 0x90, 0xae, 0x5f]));
      client.sendBytes(megabyte);
    }
    await Promise.all(strangers.map(({ closed }) => closed));
    clearInterval(watch);
    expect(most - before).toBeLessThan(32 << 20);
    const device = await own.register('dev1');
    const good = await own.open(device);
    expect(await good.connect()).toMatchObject({ returnCode: 0 });
    good.send(publish('devices/dev1/telemetry', { a: 1 }, { qos: 1, messageId: 1 }));
    await good.next('puback');
  });
});
