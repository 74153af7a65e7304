// The journal of a fleet that was killed while all of it was connected, copied straight into the tables: positions, sequences,
// hash chains and heads are those that the platform itself would have left. What is derived from it, the platform has to make.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { deviceCodec } from '../../../dist/actors/device/codec.js';
import { chainStart, linkEvent, verifyChain } from '../../../dist/actors/kernel/hash-chain.js';
import { encodeMetadata, encodeOrigin } from '../../../dist/actors/kernel/origin.js';
import { createLogger, createMeter } from '../../../dist/observability.js';
import { openDatabase } from '../../../dist/persistence/database.js';
import { startEmbeddedPostgres } from '../../../dist/persistence/embedded-postgres.js';
import { openJournal } from '../../../dist/persistence/journal/postgres-journal.js';
import { migrate } from '../../../dist/persistence/migrate.js';
import { copyIn } from './copy-in.js';
import { binaryRow, copyFile, JOURNAL_COLUMNS } from './journal-rows.js';

const SHARDS = 8;
const ROWS_AT_ONCE = 5_000;
const SECOND_MS = 1_000;
const FIRST_MS = 1_700_000_000_000;
const PROFILE = { attributes: {}, tags: [], groups: [], via: [], gateway: false };
const clock = { now: Date.now, monotonic: () => performance.now() };

/**
 * @param history telemetry that the first device has sent before now: `{ samples, everyMs }`
 * @returns the devices, for the generator: `{ clientId, topic, username, password }`
 */
export async function fillFleetJournal({ dataDir, devices, eventsPerDevice, history, log }) {
  const first = 'device/default/fleet-0';
  const streams = Array.from({ length: devices }, (_, number) => newStream(`fleet-${number}`));
  await withJournal(dataDir, async ({ client, journal }) => {
    for (const of of streams) of.shard = journal.shardOf(of.stream);
    streams.sort((a, b) => a.shard - b.shard); // as a group commit sends them
    const heads = new Array(SHARDS).fill(0);
    await client.query('set synchronous_commit = off'); // the checkpoint at the end makes it durable
    let rows = [];
    let copying = Promise.resolve();
    const flush = async () => {
      const data = copyFile(rows);
      rows = [];
      await copying;
      copying = copyIn(client, `copy journal (${JOURNAL_COLUMNS}) from stdin with (format binary)`, data);
    };
    for (let sequence = 1; sequence <= eventsPerDevice; sequence++) {
      for (const of of streams) {
        const position = (heads[of.shard] += 1);
        rows.push(binaryRow({ shard: of.shard, position, stream: of.stream, sequence, ...nextEvent(of, sequence) }));
        if (rows.length === ROWS_AT_ONCE) await flush();
      }
      if (sequence % 50 === 0) log(`${sequence * devices} events copied`);
    }
    const of = streams.find(({ stream }) => stream === first);
    for (let sample = 1; sample <= (history?.samples ?? 0); sample++) {
      const sequence = eventsPerDevice + sample;
      const at = Date.now() - (history.samples - sample) * history.everyMs;
      const position = (heads[of.shard] += 1);
      rows.push(binaryRow({ shard: of.shard, position, stream: first, sequence, ...nextEvent(of, sequence, at) }));
      if (rows.length === ROWS_AT_ONCE) await flush();
      if (sample % 100_000 === 0) log(`${sample} samples copied`);
    }
    if (rows.length > 0) await flush();
    await copying;
    for (const [shard, head] of heads.entries())
      await client.query('update shard set head = $2 where shard = $1', [shard, head]);
    await client.query('analyze');
    await client.query('checkpoint');
  });
  return streams.map(({ id, token }) => ({
    clientId: id,
    topic: `devices/${id}/telemetry`,
    username: id,
    password: token,
  }));
}

/**
 * Whether heads, rows and highest positions of all shards agree, and whether a sample of streams verifies link by link.
 * @returns {Promise<{ verified: boolean, events: number, streams: number }>}
 */
export async function checkFleetJournal({ dataDir, devices, sample }) {
  let verified = true;
  let events = 0;
  await withJournal(dataDir, async ({ client, journal }) => {
    const { rows } = await client.query(`
      select s.head::float8 as head, count(j.position)::float8 as rows, coalesce(max(j.position), 0)::float8 as last
      from shard s left join journal j on j.shard = s.shard group by s.shard, s.head`);
    for (const { head, rows: count, last } of rows) verified &&= head === count && head === last;
    events = rows.reduce((sum, { head }) => sum + head, 0);
    for (let number = 0; number < sample; number++) {
      const stream = newStream(`fleet-${Math.floor((number * devices) / sample)}`).stream;
      let from;
      for (;;) {
        const page = await journal.readStream(stream, (from?.sequence ?? 0) + 1, 1_000);
        if (page.length === 0) break;
        const verdict = verifyChain(stream, page, from);
        verified &&= verdict.intact;
        if (!verdict.intact) break;
        from = verdict.last;
      }
      verified &&= from !== undefined;
    }
  });
  return { verified, events, streams: sample };
}

async function withJournal(dataDir, work) {
  const logger = createLogger({ level: 'warn', format: 'json' });
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres') });
  const database = await openDatabase({ url: postgres.url, log: logger, statementTimeoutMs: 300_000 });
  await migrate(database, logger);
  const journal = await openJournal({ database, clock, log: logger, meter: createMeter(), shards: SHARDS });
  const { client } = await database.connect();
  try {
    await work({ client, journal });
  } finally {
    await client.end();
    await journal.stop();
    await database.stop();
    await postgres.stop();
  }
}

function newStream(id) {
  const stream = `device/default/${id}`;
  const token = createHash('sha256').update(id).digest('base64url');
  return { id, stream, token, link: chainStart(stream) };
}

/** Registered, given a token, connected, and telemetry once a second from then on. */
function nextEvent(of, sequence, occurredAt = FIRST_MS + sequence * SECOND_MS) {
  const event = eventAt(of, sequence, occurredAt);
  const schemaVersion = deviceCodec.versionOf(event.type);
  const payload = deviceCodec.encode(event);
  const origin = sequence < 3 ? ADMIN : (of.origin ??= deviceOrigin(of));
  of.speaker = encodeOrigin(origin, of.speaker);
  const parts = encodeMetadata(of.speaker, `${of.stream}:${sequence}`, undefined);
  const metadata = linkEvent(of.link, { sequence, type: event.type, schemaVersion, occurredAt, payload }, parts);
  return { type: event.type, schemaVersion, occurredAt, recordedAt: occurredAt + 2, payload, metadata };
}

/** Something to draw: a slow wave. */
const valuesAt = (sequence) => ({
  temperature: Number((21.5 + 8 * Math.sin(sequence / 3_000)).toFixed(1)),
  humidity: 0.5,
});

const ADMIN = { tenant: 'default', principal: 'token/admin', address: '127.0.0.1', policy: 'environment' };
const TOKEN_ID = 'first';

const deviceOrigin = ({ id, stream }) => ({
  tenant: 'default',
  principal: `device/${id}`,
  credential: TOKEN_ID,
  sessionEpoch: 1,
  address: '127.0.0.1',
  policy: `${stream}:2`,
});

function eventAt({ id, token }, sequence, ts) {
  switch (sequence) {
    case 1:
      return { type: 'DeviceRegistered', data: { id, profile: PROFILE, enabled: true } };
    case 2:
      return {
        type: 'TokenIssued',
        data: { tokenId: TOKEN_ID, sha256: createHash('sha256').update(token).digest('hex') },
      };
    case 3: {
      const client = { clientId: id, address: '127.0.0.1', listener: 'mqtt', protocolLevel: 4, keepAlive: 60 };
      return {
        type: 'DeviceConnected',
        data: { sessionEpoch: 1, ...client, cleanSession: true, credential: TOKEN_ID, node: 'bench', life: 'earlier' },
      };
    }
    default:
      return {
        type: 'TelemetryRecorded',
        data: { values: valuesAt(sequence), ts, id: `${sequence}-0123456789abcdef` },
      };
  }
}
