import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault, FaultContext } from './fault.js';
import { connectIdleDevices } from './idle-devices.js';
import { withPlatform, type Platform } from './platform.js';
import { residentMiB } from './process-figures.js';
import { untilAcknowledged, untilEachAcknowledged } from './waiting.js';

/** When nothing more has come in this time, everything that was on its way to the devices has arrived. */
const ARRIVED_MS = 500;

/** REL-04, REL-12: the stop of Postgres costs acknowledgements, never data. */
export const postgresStops: Fault = {
  id: 'F-30',
  title: 'Postgres stopped at once, and its postmaster killed',
  longOnly: true,
  run: (context) =>
    withPlatform({ postgres: 'own' }, async (platform) => {
      await platform.start();
      const idle = await connectIdleDevices(platform, 10);
      platform.load(await platform.enrol(6), { pauseMs: 5 });
      const rounds = context.rounds(1, 4);
      for (let round = 0; round < rounds; round++) {
        // SIGQUIT is what `pg_ctl stop -m immediate` sends.
        for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
          await untilEachAcknowledged(platform);
          process.kill(platform.postgres!.pid, signal);
          await nothingAcknowledged(platform, context.quick ? 1_000 : 5_000, `Postgres ended by ${signal}`);
          await platform.restartPostgres();
        }
      }
      await untilEachAcknowledged(platform);
      idle.answered('Postgres');
      idle.stayed('Postgres');
      await idle.end();
      // QoS 2 needs a read before each decision, and gives up when that fails; the device sends again.
      const closes = platform.loads.filter((load, index) => index % 3 !== 2 && load.closes > 0).length;
      assert.equal(closes, 0, 'publishers at QoS 1 that lost their connection');
      const { sentence } = await checkEndOfRun(platform);
      return `Postgres stopped at once and its postmaster killed, ${rounds} × each: nothing acknowledged meanwhile, idle devices and publishers at QoS 1 kept their connections; ${sentence}`;
    }),
};

/** Once what was on its way has arrived, nothing more is acknowledged. */
export async function nothingAcknowledged({ ledger }: Platform, milliseconds: number, what: string): Promise<void> {
  let before = -1;
  for (let rest = 10; rest > 0 && ledger.count !== before; rest--) {
    before = ledger.count;
    await sleep(ARRIVED_MS);
  }
  assert.equal(ledger.count, before, `acknowledged while ${what}`);
  await sleep(milliseconds);
  assert.equal(ledger.count, before, `acknowledged while ${what}`);
}

/** P5: what became of an append whose connection is gone is looked up, never guessed. */
export const connectionLost: Fault = {
  id: 'F-31',
  title: 'backend killed in a loop, and the answer of COMMIT cut',
  async run(context) {
    let network: TcpProxy | undefined;
    const through = async (direct: string): Promise<string> => {
      const url = new URL(direct);
      network = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
      url.port = String(network.port);
      return url.toString();
    };
    try {
      return await withPlatform({ databaseUrl: through }, async (platform) => {
        await platform.start();
        platform.load(await platform.enrol(6), { pauseMs: 5 });
        await untilAcknowledged(platform, 100);
        const killed = await killBackends(platform, context);
        await untilAcknowledged(platform, 100);
        const cuts = await cutAnswers(network!, platform, context);
        const { sentence } = await checkEndOfRun(platform);
        return `${killed} backends killed in a loop, ${cuts} answers of Postgres cut at any byte: ${sentence}`;
      });
    } finally {
      await network?.close();
    }
  },
};

async function killBackends(platform: Platform, context: FaultContext): Promise<number> {
  let killed = 0;
  for (let round = 0; round < context.rounds(10, 150); round++) {
    const [row] = await platform.sql<{ killed: string }>(
      `select count(*) filter (where pg_terminate_backend(pid)) as killed from pg_stat_activity
       where datname = current_database() and application_name = 'fleetlog'`,
    );
    killed += Number(row!.killed);
    await sleep((context.quick ? 50 : 100) + context.random() * 100);
  }
  return killed;
}

async function cutAnswers(network: TcpProxy, platform: Platform, context: FaultContext): Promise<number> {
  for (let round = 0; round < context.rounds(5, 40); round++) {
    const { cuts } = network;
    network.set({ kind: 'cut-reply', afterBytes: Math.floor(context.random() * 150) });
    await until('an answer was cut', () => network.cuts > cuts);
    network.set({ kind: 'pass' });
    await untilAcknowledged(platform, 10);
  }
  return network.cuts;
}

/** More than what is held may not be kept: the bound of the node, and as much again for what holds it. */
const MOST_GROWTH_MIB = 128;

/** I10: a journal that takes nothing for longer than a publish is held. */
export const journalLocked: Fault = {
  id: 'F-34',
  title: 'the journal locked for 30 s',
  waits: true,
  longOnly: true,
  run: (context) =>
    withPlatform({}, async (platform) => {
      const server = await platform.start();
      const idle = await connectIdleDevices(platform, 10);
      platform.load(await platform.enrol(20), { pauseMs: 5, inFlight: 50 });
      await untilAcknowledged(platform, 500);
      const before = await residentMiB(server.pid);
      const seconds = context.quick ? 3 : 30;
      let most = before;
      await whileLocked(platform.databaseUrl, 'journal', async () => {
        idle.answered('the time before');
        for (const until = Date.now() + seconds * 1_000; Date.now() < until;) {
          await nothingAcknowledged(platform, 1_000, 'the journal was locked');
          most = Math.max(most, await residentMiB(server.pid));
        }
        idle.answered('the lock');
      });
      idle.stayed('the lock');
      await idle.end();
      assert.ok(most - before < MOST_GROWTH_MIB, `memory grew by ${Math.round(most - before)} MiB`);
      const closes = platform.loads.filter((load) => load.closes > 0).length;
      // Held for 20 s at most: then the device may try elsewhere.
      assert.equal(closes, context.quick ? 0 : platform.loads.length, 'publishers that were let go');
      await untilAcknowledged(platform, 500);
      const { sentence } = await checkEndOfRun(platform);
      const held = context.quick ? 'publishes were held' : 'held publishes were let go at 20 s unacknowledged';
      return `journal locked for ${seconds} s: ${held}, memory grew by ${Math.round(most - before)} MiB, idle devices were answered; ${sentence}`;
    }),
};

/** Runs the work while a table is locked against everybody. */
export async function whileLocked(url: string, table: string, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`begin; lock table ${table} in access exclusive mode`);
    await work();
    await client.query('rollback');
  } finally {
    await client.end();
  }
}
