import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault } from './fault.js';
import { withPlatform, type Platform } from './platform.js';
import { nothingAcknowledged, whileLocked } from './postgres-faults.js';
import { untilAcknowledged, untilEachAcknowledged } from './waiting.js';

const run = promisify(execFile);
const SMALL_DISK = '96m';
const LARGER_DISK = '512m';
/** Filling it takes some thousand messages. */
const FILL_MS = 180_000;
const STILL_MS = 3_000;

export const diskFull: Fault = {
  id: 'F-33',
  title: 'disk of Postgres full',
  longOnly: true,
  async run({ quick }) {
    const disk = quick ? undefined : await mountSmallDisk();
    if (disk === undefined) return playFailpoint();
    try {
      return await fillDisk(disk);
    } finally {
      await disk.unmount();
    }
  },
};

interface SmallDisk {
  readonly folder: string;
  /** Somebody has made room. */
  enlarge(): Promise<void>;
  unmount(): Promise<void>;
}

/** Only root may mount; `undefined` for everybody else. */
async function mountSmallDisk(): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK},mode=755`, 'tmpfs', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return undefined;
  }
  return {
    folder,
    enlarge: async () => {
      await run('mount', ['-o', `remount,size=${LARGER_DISK}`, folder]);
    },
    unmount: async () => {
      await run('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function fillDisk(disk: SmallDisk): Promise<string> {
  return withPlatform({ postgres: { dataDir: join(disk.folder, 'postgres') } }, async (platform) => {
    // The log of changes is kept small, so that it is the tables that fill the disk.
    for (const setting of ["max_wal_size = '32MB'", "min_wal_size = '32MB'"])
      await platform.sql(`alter system set ${setting}`);
    await platform.sql('select pg_reload_conf()');
    await platform.start();
    platform.load(await platform.enrol(8), { ballastBytes: 8_000 });
    await untilFull(platform);
    const how = await checkRefused(platform);
    await disk.enlarge();
    // A disk that is full under the log of changes ends Postgres itself: an operator starts it again, and repairs nothing.
    if (!(await answers(platform))) await platform.restartPostgres();
    await untilAcknowledged(platform, 100);
    const { sentence } = await checkEndOfRun(platform, { relayMs: 120_000 });
    return `PGDATA on a full tmpfs of ${SMALL_DISK}: ${how}, recovered when there was room, without repair; ${sentence}`;
  });
}

/** Until devices under load have got no acknowledgement for a while. */
async function untilFull({ ledger }: Platform): Promise<void> {
  for (const late = Date.now() + FILL_MS; Date.now() < late;) {
    const before = ledger.count;
    await sleep(STILL_MS);
    if (ledger.count === before && before > 0) return;
  }
  throw new Error(`the disk is not full after ${ledger.count} messages`);
}

function playFailpoint(): Promise<string> {
  return withPlatform({}, async (platform) => {
    const server = await platform.start({ failpoints: true });
    platform.load(await platform.enrol(6), { pauseMs: 5 });
    await untilAcknowledged(platform, 100);
    server.arm({ at: 'before-append', act: 'disk-full' });
    await nothingAcknowledged(platform, 1_000, 'the disk is full');
    const how = await checkRefused(platform);
    server.arm({ at: 'none' });
    await untilAcknowledged(platform, 100);
    const { sentence } = await checkEndOfRun(platform);
    return `Postgres answers 53100 (failpoint): ${how}, recovered when there was room; ${sentence}`;
  });
}

async function checkRefused(platform: Platform): Promise<string> {
  await nothingAcknowledged(platform, 1_000, 'the disk is full');
  const ready = await fetch(`${platform.server.ready.url}/readyz`);
  assert.equal(ready.status, 503, '/readyz');
  const write = await platform.server.call('POST', '/devices', { id: 'no-room' });
  assert.equal(write.status, 503, 'a REST write');
  return 'no PUBACK, /readyz and REST writes 503';
}

async function answers(platform: Platform): Promise<boolean> {
  return platform.sql('select 1').then(
    () => true,
    () => false,
  );
}

const POOL = 2;

export const poolExhausted: Fault = {
  id: 'F-35',
  title: 'pool of Postgres exhausted',
  longOnly: true,
  run: (context) =>
    withPlatform({ env: { PG_POOL_MAX: String(POOL) } }, async (platform) => {
      const server = await platform.start({ failpoints: true });
      const count = context.quick ? 50 : 500;
      const devices = await platform.enrol(count);
      await server.stop();
      const again = await platform.start({ failpoints: true });
      const readiness = async (): Promise<number> => (await fetch(`${again.ready.url}/readyz`)).status;
      assert.equal(await readiness(), 200, '/readyz before');
      await whileLocked(platform.databaseUrl, 'snapshot', async () => {
        platform.load(devices, { pauseMs: 1_000, inFlight: 1 });
        await until('/readyz says so', async () => (await readiness()) === 503);
        await sleep(context.quick ? 500 : 8_000);
      });
      await until('/readyz is well again', async () => (await readiness()) === 200);
      await untilEachAcknowledged(platform);
      const { sentence } = await checkEndOfRun(platform, { relayMs: 120_000 });
      return `pool of ${POOL} held by a lock while ${count} devices came: /readyz 503, then all were served; ${sentence}`;
    }),
};
