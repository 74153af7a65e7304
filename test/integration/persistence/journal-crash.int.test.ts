import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Append, AppendOutcome } from '../../../src/actors/kernel/ports/journal.js';
import { openDatabase } from '../../../src/persistence/database.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../src/persistence/embedded-postgres.js';
import { migrate } from '../../../src/persistence/migrate.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { appendRounds, openTestJournal } from './open-test-journal.js';
import { until } from './until.js';

describe('journal over a crash of Postgres', () => {
  let folder: string;
  let postgres: EmbeddedPostgres;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-crash-'));
    postgres = await startEmbeddedPostgres({ dataDir: folder });
  });
  afterEach(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('I1 I2 what was told to be committed is there after SIGKILL of the server under load, once and in order', async () => {
    const { url, port } = postgres;
    const log = createSilentLogger();
    const database = await openDatabase({ url, log });
    await migrate(database, log);
    await database.stop();
    const journal = await openTestJournal(url);
    const told: { append: Append; outcome: AppendOutcome }[] = [];
    const streams = Array.from({ length: 10 }, (_, index) => `device/default/crash-${index}`);
    let left = 3;
    const work = streams.map(async (stream) => {
      while (left > 0) {
        // Reads of recovery fail while the server is away, as an actor's do: it tries again.
        await appendRounds(
          journal,
          stream,
          20,
          () => 2,
          (outcome, append) => told.push({ append, outcome }),
        ).catch(() => undefined);
      }
    });
    for (; left > 0; left -= 1) {
      const before = told.length;
      await until(() => told.length > before + 100);
      process.kill(postgres.pid, 'SIGKILL');
      await until(() => !journal.health().writable);
      postgres = await startEmbeddedPostgres({ dataDir: folder, port });
      await until(() => journal.health().writable);
    }
    await Promise.all(work);
    const committed = told.filter(({ outcome }) => outcome.kind === 'committed');
    for (const { shard, head } of await journal.heads()) {
      const events = await journal.readShard(shard, 0, head);
      expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
    }
    for (const stream of streams) {
      const expected = committed
        .filter(({ append }) => append.stream === stream)
        .flatMap(({ append }) => append.events.map(({ metadata }) => metadata.toString()));
      const stored = await journal.readStream(stream, 1, 1_000_000);
      expect(stored.map(({ metadata }) => metadata.toString())).toEqual(expected);
      expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index + 1));
    }
    await journal.close();
  }, 120_000);
});
