import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { answersAsBroker } from '../../../src/transport/kafka/broker-probe.js';
import { keepLocalKafka } from '../../../src/transport/kafka/kept-broker.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { until } from '../../support/until.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fleetlog-kept-broker-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('a local Kafka that dies is started again on its address, and both are said', async () => {
  const logger = createSilentLogger();
  const kafka = await keepLocalKafka({ dataDir, logger, random: () => 1 });
  const { brokers, pid } = kafka;
  process.kill(pid, 'SIGKILL');
  await until('it is back', () => logger.lines.some(({ message }) => message === 'the local Kafka is back'));
  expect(kafka.pid).not.toBe(pid);
  expect(kafka.brokers).toBe(brokers);
  expect(await answersAsBroker('127.0.0.1', Number(brokers.split(':')[1]))).toBe(true);
  expect(logger.lines.map(({ level }) => level)).toEqual(['error', 'info']);
  await kafka.stop();
}, 90_000);

test('a stop that comes while it is started again ends it for good', async () => {
  const logger = createSilentLogger();
  const kafka = await keepLocalKafka({ dataDir, logger, random: () => 1 });
  process.kill(kafka.pid, 'SIGKILL');
  await until('its end is said', () => logger.lines.length === 1);
  await kafka.stop();
  expect(logger.lines).toHaveLength(1);
  expect(await answersAsBroker('127.0.0.1', Number(kafka.brokers.split(':')[1]))).toBe(false);
}, 90_000);
