// `journal`: the group commit alone, without actors and MQTT, beside COPY into the same table with the same rows per statement,
// interleaved. Keys of the result: docs/reference/benchmarks.md.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { linkEvent, chainStart } from '../../dist/actors/kernel/hash-chain.js';
import { createLogger, createMeter } from '../../dist/observability.js';
import { openDatabase } from '../../dist/persistence/database.js';
import { startEmbeddedPostgres } from '../../dist/persistence/embedded-postgres.js';
import { shardOf } from '../../dist/persistence/journal/murmur2.js';
import { openJournal } from '../../dist/persistence/journal/postgres-journal.js';
import { migrate } from '../../dist/persistence/migrate.js';
import { copyIn } from './support/copy-in.js';
import { cpuMicrosPer, cpuSecondsOf } from './support/cpu.js';
import { binaryRow, copyFile, JOURNAL_COLUMNS, placesIn, writeInt8 } from './support/journal-rows.js';
import { describeMachine } from './support/machine.js';
import { median, rounded } from './support/statistics.js';

const SHARDS = 8;
/** Streams with one event each on their way: so many rows share a statement. The first is what the key at the top speaks of. */
const BATCHES = [100, 1000];
const clock = { now: Date.now, monotonic: () => performance.now() };

export async function run({ quick, log }) {
  const { rounds, durationMs } = quick ? { rounds: 5, durationMs: 1_000 } : { rounds: 7, durationMs: 4_000 };
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: folder });
  const stops = [() => postgres.stop(), () => rm(folder, { recursive: true, force: true })];
  try {
    const ours = await openOurs(postgres.url);
    stops.unshift(() => ours.stop());
    const copy = await openCopy(postgres.url);
    stops.unshift(() => copy.stop());
    const shapes = {};
    for (const batch of BATCHES) {
      const runs = [];
      for (let round = 0; round <= rounds; round++) {
        const measured = {
          ours: await measure(postgres.pid, () => ours.load(batch, durationMs)),
          text: await measure(postgres.pid, () => copy.load(batch, durationMs, TEXT)),
          binary: await measure(postgres.pid, () => copy.load(batch, durationMs, BINARY)),
        };
        if (round === 0) continue; // plans, caches and compiled code
        log(`${batch} in flight, round ${round}: ${Object.entries(measured).map(tell).join('; ')}`);
        runs.push(measured);
      }
      shapes[batch] = summarize(runs);
    }
    const [first] = BATCHES;
    return {
      bench: 'journal',
      ratio: {
        copy: shapes[first].ratio.copy,
        ...Object.fromEntries(BATCHES.map((batch) => [`copy ${batch}`, shapes[batch].ratio.copy])),
        ...Object.fromEntries(BATCHES.map((batch) => [`copyBinary ${batch}`, shapes[batch].ratio.copyBinary])),
      },
      absolute: { perSecond: shapes[first].perSecond, shapes },
      verified: (await ours.verify(log)) && (await copy.verify(log)),
      machine: await describeMachine({ postgres: postgres.pid }),
    };
  } finally {
    for (const stop of stops) await stop();
  }
}

/** Rows and CPU of one turn. */
async function measure(postgres, load) {
  const pids = { postgres, client: process.pid };
  const before = await cpuSecondsOf(pids);
  const { events, seconds, latencyMs } = await load();
  const cpu = cpuMicrosPer(events, before, await cpuSecondsOf(pids));
  return { perSecond: events / seconds, latencyMs, cpu };
}

const tell = ([name, { perSecond, latencyMs, cpu }]) =>
  `${name} ${Math.round(perSecond)}/s, p50 ${latencyMs.p50.toFixed(2)} p99 ${latencyMs.p99.toFixed(2)} ms,` +
  ` µs ${cpu.client.toFixed(1)} + ${cpu.postgres.toFixed(1)}`;

function summarize(runs) {
  const of = (pick, digits) => rounded(median(runs.map(pick)), digits);
  const figures = (name) => ({
    perSecond: of((run) => run[name].perSecond, 0),
    p50Ms: of((run) => run[name].latencyMs.p50, 2),
    p99Ms: of((run) => run[name].latencyMs.p99, 2),
    clientMicros: of((run) => run[name].cpu.client, 1),
    postgresMicros: of((run) => run[name].cpu.postgres, 1),
  });
  return {
    ratio: {
      copy: of(({ ours, text }) => ours.perSecond / text.perSecond, 3),
      copyBinary: of(({ ours, binary }) => ours.perSecond / binary.perSecond, 3),
    },
    ...figures('ours'),
    copy: figures('text'),
    copyBinary: figures('binary'),
  };
}

/** What one stream writes again and again: 100 B of payload, metadata as a device's connection gives it. */
function someStreams(count) {
  return Array.from({ length: count }, (_, number) => {
    const stream = `device/default/bench-${count}-${number}`;
    const payload = Buffer.from(
      `{"values":{"temperature":21.5,"humidity":0.5},"ts":1700000000000,"id":"${'x'.repeat(24)}"}`,
    );
    const fields = { sequence: 1, type: 'TelemetryRecorded', schemaVersion: 1, occurredAt: 1_700_000_000_123, payload };
    const origin = `{"tenant":"default","principal":"device/bench-${number}","credential":"${'ab'.repeat(32)}","sessionEpoch":1`;
    const metadata = linkEvent(chainStart(stream), fields, {
      head: Buffer.from(`${origin},"address":"127.0.0.1","policy":"${stream}:2","correlationId":`),
      tail: `"${stream}:1"}`,
    });
    return { stream, shard: shardOf(stream, SHARDS), sequence: 0, event: { ...fields, metadata } };
  });
}

/** The platform's journal, and streams that append one event each as soon as their last one is committed. */
async function openOurs(url) {
  const logger = createLogger({ level: 'warn', format: 'json' });
  const database = await openDatabase({ url, log: logger });
  await migrate(database, logger);
  const journal = await openJournal({ database, clock, log: logger, meter: createMeter(), shards: SHARDS });
  const known = new Map();
  return {
    async load(count, durationMs) {
      const streams = known.get(count) ?? someStreams(count);
      known.set(count, streams);
      const latencies = [];
      const begin = performance.now();
      const end = begin + durationMs;
      await Promise.all(
        streams.map(async (of) => {
          for (let now = begin; now < end;) {
            const append = {
              stream: of.stream,
              epoch: journal.epochOf(of.shard),
              firstSequence: of.sequence + 1,
              events: [of.event],
            };
            const { kind } = await journal.append(append);
            if (kind !== 'committed') throw new Error(`an append came back as ${kind}`);
            of.sequence += 1;
            const committed = performance.now();
            latencies.push(committed - now);
            now = committed;
          }
        }),
      );
      return { events: latencies.length, seconds: (performance.now() - begin) / 1000, latencyMs: quantiles(latencies) };
    },
    async verify(log) {
      const acknowledged = [...known.values()].flat().reduce((sum, { sequence }) => sum + sequence, 0);
      const { rows } = await database.pool.query(`
        select (select sum(head) from shard)::float8 as heads, count(*)::float8 as rows,
          coalesce(sum((position <> rank)::int), 0)::float8 as gaps, coalesce(sum((sequence <> turn)::int), 0)::float8 as disorder
        from (select position, sequence, row_number() over (partition by shard order by position) as rank,
          row_number() over (partition by stream order by position) as turn from journal) j`);
      log(`acknowledged ${acknowledged}; ${JSON.stringify(rows[0])}`);
      const [{ heads, rows: journaled, gaps, disorder }] = rows;
      return journaled === acknowledged && heads === acknowledged && gaps + disorder === 0;
    },
    async stop() {
      await journal.stop();
      await database.stop();
    },
  };
}

/** One connection that copies the same rows into the same table in a database beside; it picks positions and sequences itself. */
async function openCopy(url) {
  const ofServer = new pg.Client({ connectionString: url });
  await ofServer.connect();
  await ofServer.query('create database copy');
  await ofServer.end();
  const logger = createLogger({ level: 'warn', format: 'json' });
  const copyUrl = Object.assign(new URL(url), { pathname: '/copy' }).toString();
  const database = await openDatabase({ url: copyUrl, log: logger });
  await migrate(database, logger);
  const journal = await openJournal({ database, clock, log: logger, meter: createMeter(), shards: SHARDS });
  await journal.stop(); // it has made the tables
  const { client } = await database.connect();
  const heads = new Array(SHARDS).fill(0);
  const known = new Map();
  let copied = 0;
  return {
    async load(count, durationMs, format) {
      const streams = known.get(count) ?? someStreams(count).sort((a, b) => a.shard - b.shard);
      known.set(count, streams);
      const rows = streams.map((of) => format.prepare(of));
      const latencies = [];
      const begin = performance.now();
      for (let now = begin; now < begin + durationMs;) {
        for (const of of streams) {
          of.sequence += 1;
          of.position = heads[of.shard] += 1;
        }
        await copyIn(
          client,
          `copy journal (${JOURNAL_COLUMNS}) from stdin ${format.options}`,
          format.encode(rows, streams),
        );
        const committed = performance.now();
        latencies.push(committed - now);
        now = committed;
      }
      const events = latencies.length * count;
      copied += events;
      return { events, seconds: (performance.now() - begin) / 1000, latencyMs: quantiles(latencies) };
    },
    async verify(log) {
      const { rows } = await client.query('select count(*)::float8 as rows from journal');
      log(`copied ${copied}, ${rows[0].rows} rows`);
      return rows[0].rows === copied;
    },
    async stop() {
      await client.end();
      await database.stop();
    },
  };
}

// What does not change of a row is encoded before the clock runs: a ceiling should not wait for its client.
const TEXT = {
  options: '',
  prepare: ({ stream, shard, event }) => ({
    head: `${shard}\t`,
    middle: `\t${stream}\t`,
    tail:
      `\t${event.type}\t${event.schemaVersion}\t2023-11-14 22:13:20.123+00\t2023-11-14 22:13:20.456+00` +
      `\t\\\\x${event.payload.toString('hex')}\t\\\\x${event.metadata.toString('hex')}\n`,
  }),
  encode: (rows, places) => {
    let text = '';
    rows.forEach(({ head, middle, tail }, index) => {
      text += head + places[index].position + middle + places[index].sequence + tail;
    });
    return Buffer.from(text, 'latin1');
  },
};

const BINARY = {
  options: 'with (format binary)',
  prepare: ({ stream, shard, event }) => {
    const { occurredAt } = event;
    const row = binaryRow({ ...event, shard, position: 0, stream, sequence: 0, recordedAt: occurredAt });
    return { row, ...placesIn({ stream }) };
  },
  encode: (rows, places) => {
    rows.forEach(({ row, positionAt, sequenceAt }, index) => {
      writeInt8(row, places[index].position, positionAt);
      writeInt8(row, places[index].sequence, sequenceAt);
    });
    return copyFile(rows.map(({ row }) => row));
  },
};

function quantiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
