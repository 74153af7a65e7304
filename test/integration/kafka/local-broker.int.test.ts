import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StartRefused } from '../../../src/actors/kernel/errors.js';
import { answersAsBroker } from '../../../src/transport/kafka/broker-probe.js';
import { startLocalKafka } from '../../../src/transport/kafka/local-broker.js';
import { sharedBroker } from '../../support/kafka.js';
import { until } from '../../support/until.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-local-broker-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('a start on the folder of a broker that was left behind ends it, and keeps its address', async () => {
  const exits: string[] = [];
  const orphan = await startLocalKafka({ dataDir, onExit: (reason) => exits.push(reason) });
  const broker = await startLocalKafka({ dataDir });
  expect(isAlive(orphan.pid)).toBe(false);
  expect(broker.brokers).toBe(orphan.brokers);
  await until('the end of the first is told', () => exits.length === 1);
  await broker.stop();
  await broker.stop();
  expect(isAlive(broker.pid)).toBe(false);
}, 90_000);

test('a start without the jars is refused with the remedy', async () => {
  const missing = startLocalKafka({ dataDir, libDir: join(dataDir, 'nothing') });
  await expect(missing).rejects.toThrow(StartRefused);
  await expect(missing).rejects.toThrow('or set KAFKA_BROKERS=off');
});

test('a port that is taken is refused with the remedy', async () => {
  const taken = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await until('the port is taken', () => taken.listening);
  const { port } = taken.address() as AddressInfo;
  await expect(startLocalKafka({ dataDir, port })).rejects.toThrow('its port is taken, end the program that uses it');
  await closed(taken);
  expect(await readFile(join(dataDir, 'kafka.pid'), 'utf8').catch(() => 'gone')).toBe('gone');
}, 90_000);

test('only what speaks the protocol is taken for a broker', async () => {
  const other = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  );
  await until('it listens', () => other.listening);
  const { port } = other.address() as AddressInfo;
  expect(await answersAsBroker('127.0.0.1', port)).toBe(false);
  await closed(other);
  expect(await answersAsBroker('127.0.0.1', port)).toBe(false);
  expect(await answersAsBroker('127.0.0.1', Number(sharedBroker().split(':')[1]))).toBe(true);
});

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
