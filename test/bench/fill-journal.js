// Fills the journal of a new data folder with the telemetry of many devices, as devices would but past MQTT: same payloads, same
// metadata, same hash chains, same appends. Forked by `relay.bench.js`: { dataDir, shards, devices, events }.
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { chainStart, linkEvent } from '../../dist/actors/kernel/hash-chain.js';
import { encodeMetadata, encodeOrigin } from '../../dist/actors/kernel/origin.js';
import { openDatabase } from '../../dist/persistence/database.js';
import { startEmbeddedPostgres } from '../../dist/persistence/embedded-postgres.js';
import { openJournal } from '../../dist/persistence/journal/postgres-journal.js';
import { migrate } from '../../dist/persistence/migrate.js';

/** Events of one append, and how many appends are under way: a busy fleet, as the group commit sees it. */
const APPEND_EVENTS = 20;
const AT_ONCE = 100;

const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: console.error, error: console.error, child: () => log };
const metric = { inc: nothing, set: nothing, observe: nothing };
const meter = { counter: () => metric, gauge: () => metric, histogram: () => metric, observableGauge: nothing };
const clock = { now: Date.now, monotonic: () => performance.now() };

const { dataDir, shards, devices, events } = await new Promise((resolve) => process.once('message', resolve));
const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), log });
const database = await openDatabase({ url: postgres.url, log });
await migrate(database, log);
const journal = await openJournal({ database, clock, log, meter, shards });

let left = events;
let next = 0;
const streams = Array.from({ length: devices }, (_, number) => {
  const id = `bench-${number}`;
  const stream = `device/default/${id}`;
  const origin = {
    tenant: 'default',
    principal: `device/${id}`,
    credential: 'ab'.repeat(32),
    sessionEpoch: 1,
    address: '127.0.0.1',
    policy: `${stream}:2`,
  };
  return { stream, origin, sequence: 0, link: chainStart(stream) };
});
await Promise.all(Array.from({ length: AT_ONCE }, append));
await journal.stop();
await database.stop();
await postgres.stop();
process.disconnect();

/** Takes one stream after the other; none is taken twice at once, because there are more of them than appends. */
async function append() {
  while (left > 0) {
    const entry = streams[next++ % streams.length];
    const count = Math.min(left, APPEND_EVENTS);
    left -= count;
    const { stream } = entry;
    const epoch = journal.epochOf(journal.shardOf(stream));
    const outcome = await journal.append({
      stream,
      epoch,
      firstSequence: entry.sequence + 1,
      events: Array.from({ length: count }, () => telemetry(entry)),
    });
    if (outcome.kind !== 'committed') throw new Error(`an append ended as ${outcome.kind}`);
  }
}

function telemetry(entry) {
  const sequence = ++entry.sequence;
  const type = 'TelemetryRecorded';
  const schemaVersion = 1;
  const occurredAt = Date.now();
  const values = '{"temperature":21.5,"humidity":0.5,"note":"xxxxxxxxxxxxxxxxxxxxxxxxxx"}';
  const payload = Buffer.from(`{"values":${values},"ts":${occurredAt},"id":"${sequence}"}`);
  entry.speaker = encodeOrigin(entry.origin, entry.speaker);
  const parts = encodeMetadata(entry.speaker, `${entry.stream}:${sequence}`, undefined);
  const metadata = linkEvent(entry.link, { sequence, type, schemaVersion, occurredAt, payload }, parts);
  return { type, schemaVersion, occurredAt, payload, metadata };
}
