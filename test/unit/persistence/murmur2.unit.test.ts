import { createRequire } from 'node:module';
import type * as Kafkajs from 'kafkajs';
import { expect, test } from '@jest/globals';

import { murmur2, shardOf } from '../../../src/persistence/journal/murmur2.js';
import { seededRandom } from '../../support/seeded-random.js';

const require = createRequire(import.meta.url);
const kafkajsMurmur2 = require('kafkajs/src/producer/partitioners/default/murmur2.js') as (key: Buffer) => number;

test("equals kafkajs' own murmur2 for 20 000 random keys of any bytes and length", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 20_000; round += 1) {
    const key = Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256)));
    if (murmur2(key) !== kafkajsMurmur2(key)) throw new Error(`differs for ${key.toString('hex')}`);
  }
});

test('puts a stream on the partition that a default partitioner picks for it as key', () => {
  const { Partitioners } = require('kafkajs') as typeof Kafkajs;
  const partition = Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: 8 }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 1,
    replicas: [1],
    isr: [1],
  }));
  for (let device = 0; device < 500; device += 1) {
    const stream = `device/default/größe-${device}`;
    const expected = partition({ topic: 'fleetlog.events', partitionMetadata, message: { key: stream, value: null } });
    expect(shardOf(stream, 8)).toBe(expected);
  }
});
