import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { runKillRounds } from '../support/kill-rounds.js';
import { seededRandom } from '../support/seeded-random.js';

/** `npm test` runs a short form; FLEETLOG_TEST_KILL_ROUNDS=30 is what a release runs. */
const ROUNDS = Number(process.env.FLEETLOG_TEST_KILL_ROUNDS ?? 4);
const SEED = Number(process.env.FLEETLOG_TEST_SEED ?? 1);
const KAFKA_EVERY = ROUNDS >= 5 ? 5 : ROUNDS;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test(
  `I1 I2 I4 I6 I7 after ${ROUNDS} kill -9 under load: acknowledged = journal = topic, in order, each once`,
  async () => {
    const report = await runKillRounds({
      rounds: ROUNDS,
      databaseUrl: database.url,
      devices: 12,
      inFlight: 8,
      lifeMs: 2_000,
      kafkaEvery: KAFKA_EVERY,
      random: seededRandom(SEED),
      log: (line) => process.stderr.write(`${line}\n`),
    });
    try {
      expect(report.acknowledged).toBeGreaterThan(ROUNDS * 10);
      expect(report.missing).toEqual([]);
      expect(report.repeated).toEqual([]);
      expect(report.disordered).toEqual([]);
      expect(report.journaled).toBe(report.acknowledged);
      expect(report.relay).toMatchObject({
        records: report.lines.length,
        gaps: 0,
        duplicates: 0,
        inversions: 0,
        differences: 0,
      });
    } finally {
      await report.kafka.stop();
    }
    process.stderr.write(
      `${ROUNDS} rounds, seed ${SEED}: ${report.acknowledged} acknowledged, ${report.lines.length} events, relay ${JSON.stringify(report.relay)}\n`,
    );
  },
  60_000 + ROUNDS * 20_000,
);
