import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { connectDevice, type EnrolledDevice } from '../support/enrolled-device.js';
import { checkEndOfRun } from './end-of-run.js';
import type { Fault } from './fault.js';
import { withPlatform, type Platform } from './platform.js';
import { until } from '../support/until.js';
import { untilAcknowledged } from './waiting.js';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '../../tools/fleetlog.js');

/** What a superuser does to a stream with the triggers off; `$1` is the stream. */
const TAMPERINGS = {
  changed: `update journal set payload = replace(convert_from(payload, 'UTF8'), 'values', 'valuez')::bytea
    where stream = $1 and type = 'TelemetryRecorded' and sequence = 8`,
  deleted: `delete from journal where stream = $1 and sequence = 8`,
  swapped: `update journal a set payload = b.payload, metadata = b.metadata from journal b
    where a.stream = $1 and b.stream = $1 and (a.sequence, b.sequence) in ((8, 9), (9, 8))`,
  doubled: `with last as (update shard s set head = head + 1 from journal j
      where j.stream = $1 and j.sequence = 8 and s.shard = j.shard returning s.shard, s.head)
    insert into journal select j.shard, last.head, j.stream, (select max(sequence) + 1 from journal where stream = $1),
      j.type, j.schema_version, j.occurred_at, j.recorded_at, j.payload, j.metadata
    from journal j join last using (shard) where j.stream = $1 and j.sequence = 8`,
} as const;

/** Bad snapshots of otherwise sound streams: cut off, and well-formed but untrue. */
const BAD_SNAPSHOTS = {
  cut: `update snapshot set state = substring(state for length(state) / 2) where stream = $1`,
  untrue: `update snapshot set sequence = sequence - 1 where stream = $1`,
} as const;

/** SEC-154: a stream that was tampered with is found and refused, all others go on; a bad snapshot is only rebuilt. */
export const tampered: Fault = {
  id: 'F-36',
  title: 'journal rows changed, deleted, swapped, doubled; snapshots cut and untrue',
  run: () =>
    withPlatform({}, async (platform) => {
      const server = await platform.start();
      const kinds = Object.keys(TAMPERINGS) as (keyof typeof TAMPERINGS)[];
      const victims = await platform.enrol(kinds.length, 'victim');
      const bystanders = await platform.enrol(4, 'bystander');
      const rebuilt = await platform.enrol(2, 'rebuilt');
      const others = [...bystanders, ...rebuilt];
      const few = platform.load([...victims, ...bystanders], { pauseMs: 20, qos: 1 });
      const many = platform.load(rebuilt, { qos: 1, inFlight: 50 });
      const snapshots = rebuilt.map(streamOf);
      await until(
        'both snapshots are there',
        async () => (await platform.sql('select from snapshot where stream = any($1)', [snapshots])).length === 2,
      );
      await Promise.all([...few, ...many].map((load) => load.finish()));
      await server.stop();

      const undo = await tamperAll(platform, victims, rebuilt, kinds);
      await platform.start();
      for (const victim of victims)
        await assert.rejects(connectDevice(victim, platform.mqttsPort), `${victim.id} was let in`);
      const again = platform.load(others, { pauseMs: 5, after: 1_000_000, qos: 1 });
      await untilAcknowledged(platform, again.length * 20);
      await Promise.all(again.map((load) => load.finish()));
      const told = await doctor(platform);
      for (const { id } of victims)
        assert.match(told, new RegExp(`${id} does not verify at sequence`), `doctor on ${id}`);
      for (const { id } of others) assert.ok(!told.includes(id), `doctor on ${id}`);

      await platform.server.stop();
      await undo();
      await platform.start();
      const doubled = new Set([streamOf(victims[kinds.indexOf('doubled')]!)]);
      const { sentence } = await checkEndOfRun(platform, { except: doubled });
      return `a row changed, deleted, swapped, doubled in ${victims.length} streams: each refused and named by doctor, ${others.length} others went on, 2 bad snapshots rebuilt; put back: ${sentence}`;
    }),
};

const streamOf = ({ id }: EnrolledDevice): string => `device/default/${id}`;

/** @returns what puts changed and deleted rows back; a doubled one has a position of its own and stays */
async function tamperAll(
  platform: Platform,
  victims: readonly EnrolledDevice[],
  rebuilt: readonly EnrolledDevice[],
  kinds: readonly (keyof typeof TAMPERINGS)[],
): Promise<() => Promise<void>> {
  const whose = `stream = any($1)`;
  await platform.sql(`create table untouched as select * from journal where ${whose}`, [victims.map(streamOf)]);
  for (const [index, kind] of kinds.entries()) await tamper(platform, TAMPERINGS[kind], [streamOf(victims[index]!)]);
  await tamper(platform, BAD_SNAPSHOTS.cut, [streamOf(rebuilt[0]!)]);
  await tamper(platform, BAD_SNAPSHOTS.untrue, [streamOf(rebuilt[1]!)]);
  return async () => {
    await tamper(
      platform,
      'delete from journal j using untouched u where (j.shard, j.position) = (u.shard, u.position)',
    );
    await tamper(platform, 'insert into journal select * from untouched');
    await platform.sql('drop table untouched');
  };
}

/** As a superuser who has switched the triggers off. */
async function tamper({ databaseUrl }: Platform, statement: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    const { rowCount } = await client.query(statement, values);
    assert.ok((rowCount ?? 0) > 0, `nothing was tampered with by: ${statement}`);
  } finally {
    await client.end();
  }
}

/** What `fleetlog doctor` says, which ends with 1 when it has found something. */
async function doctor({ server }: Platform): Promise<string> {
  const env = { PATH: process.env.PATH, FLEETLOG_DATA_DIR: server.ready.dataDir };
  const said = await run(process.execPath, [CLI, 'doctor'], { env }).catch((error: unknown) => error as Failure);
  assert.equal('code' in said ? said.code : 0, 1, `exit code of doctor: ${said.stdout}${said.stderr}`);
  return said.stdout;
}

interface Failure {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
