import assert from 'node:assert/strict';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetlogProcess } from '../support/fleetlog-process.js';
import { until } from '../support/until.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault } from './fault.js';
import { withPlatform, type Platform } from './platform.js';
import { untilAcknowledged } from './waiting.js';

const ROOT = join(import.meta.dirname, '../..');
/** Newer than any that the package has. */
const MIGRATION = 999_999;
/** Long enough to be killed in the middle of. */
const MIGRATION_SECONDS = 4;

/** REL-10: an upgrade under load, whose migration is killed midway, and begun by two nodes at once. */
export const migrationKilled: Fault = {
  id: 'F-37',
  title: 'migration under load, killed midway, then begun by two nodes at once',
  longOnly: true,
  run: () =>
    withPlatform({}, async (platform) => {
      const old = await platform.start();
      platform.load(await platform.enrol(4), { pauseMs: 10 });
      await untilAcknowledged(platform, 100);
      const asking = askOn(old);
      const next = await makeNextVersion(platform);
      await killInMigration(platform, next);
      await untilAcknowledged(platform, 100);

      const upgraded = await Promise.all([1, 2].map(() => platform.startSecond({ root: next })));
      const done = await platform.sql('select from schema_migration where id = $1', [MIGRATION]);
      assert.equal(done.length, 1, 'times that the migration was applied');
      await untilAcknowledged(platform, 100);
      const { asked, failed } = await asking.stop();
      assert.equal(failed, 0, 'REST calls on the old version that were answered 5xx');
      for (const node of upgraded) assert.equal(await node.stop(), 0, 'exit code of an upgraded node');
      await Promise.all(platform.loads.map((load) => load.finish()));
      assert.equal(await old.stop(), 0, 'exit code of the old version');
      await assert.rejects(platform.start(), /schema 999999/, 'the old version starts on the newer schema');

      // Back to what this version knows, for the check.
      await platform.sql('delete from schema_migration where id = $1', [MIGRATION]);
      await platform.sql('drop table upgraded');
      await platform.start();
      const { sentence } = await checkEndOfRun(platform);
      return `migration killed midway, then begun by two nodes at once: applied once, ${asked} REST calls on the old version without a 5xx, which then refuses the newer schema; ${sentence}`;
    }),
};

/** A copy of the package with one migration more. */
async function makeNextVersion({ folder }: Platform): Promise<string> {
  const root = join(folder, 'next');
  await mkdir(root);
  for (const part of ['dist', 'migrations', 'src', 'package.json'])
    await cp(join(ROOT, part), join(root, part), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const sql = `select pg_sleep(${MIGRATION_SECONDS});\ncreate table upgraded (at timestamptz not null default now());\n`;
  await writeFile(join(root, `migrations/${MIGRATION}_upgrade.sql`), sql);
  return root;
}

async function killInMigration(platform: Platform, root: string): Promise<void> {
  let pid = 0;
  const starting = platform.startSecond({ root, onSpawn: (spawned) => (pid = spawned) });
  const failed = assert.rejects(starting, 'the start that was killed');
  await until('the migration runs', async () => {
    const rows = await platform.sql(
      `select from pg_stat_activity where datname = current_database() and query like '%pg_sleep(${MIGRATION_SECONDS})%' and pid <> pg_backend_pid()`,
    );
    return rows.length > 0;
  });
  process.kill(pid, 'SIGKILL');
  await failed;
}

/** Asks for the list of devices again and again. */
function askOn(server: FleetlogProcess): { stop(): Promise<{ asked: number; failed: number }> } {
  let [asked, failed, going] = [0, 0, true];
  const loop = (async () => {
    while (going) {
      const { status } = await server.call('GET', '/devices');
      asked += 1;
      if (status >= 500) failed += 1;
      await sleep(50);
    }
  })();
  return {
    async stop() {
      going = false;
      await loop;
      return { asked, failed };
    },
  };
}
