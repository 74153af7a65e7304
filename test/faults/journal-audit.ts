import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { deviceCodec } from '../../src/actors/device/codec.js';
import { deviceDecider } from '../../src/actors/device/decider.js';
import type { DeviceState } from '../../src/actors/device/state.js';
import { verifyChain, type ChainPoint } from '../../src/actors/kernel/hash-chain.js';
import type { RecordedEvent } from '../../src/actors/kernel/ports/journal.js';
import { openDatabase, type Database } from '../../src/persistence/database.js';
import { readShardRows } from '../../src/persistence/journal/event-rows.js';
import { readHeads } from '../../src/persistence/journal/shard-states.js';
import { createSilentLogger } from '../support/fake-ports.js';

const PAGE = 2_000;

/** What stands in the journal, read from Postgres without the server. */
export interface JournalAudit {
  readonly events: number;
  readonly byType: ReadonlyMap<string, number>;
  /** How often each message of a `DeviceLoad` is journaled. */
  readonly messages: ReadonlyMap<string, number>;
  /** Streams whose messages are not in the order in which they were sent. */
  readonly disordered: readonly string[];
  /** One digest per shard over position, stream and payload of its events, in order. */
  readonly digests: readonly string[];
}

/** What is hashed of an event, from the journal and from the topic alike. */
export function digestEvent(hash: Hash, position: number, stream: string, payload: Buffer): void {
  hash.update(`${position}\t${stream}\t${payload.length}\t`).update(payload);
}

/**
 * Reads the whole journal and throws at the first thing that may not be: a gap or a double in a shard (I2) or a stream, a
 * broken link of a hash chain (SEC-154), a snapshot that is not the fold of its stream (I9), an event that nobody may have caused
 * (SEC-150).
 * @param except streams that were tampered with on purpose: their chains, snapshots and repeats are not looked at
 */
export async function auditJournal(url: string, except: ReadonlySet<string> = new Set()): Promise<JournalAudit> {
  const database = await openDatabase({ url, log: createSilentLogger(), poolSize: 1 });
  try {
    const audit = createAudit(await readSnapshots(database), except);
    const heads = await readHeads(database.pool);
    for (const { shard, head } of heads) {
      for (let after = 0; after < head;) {
        const events = await readShardRows(database.pool, shard, after, PAGE, head);
        for (const event of events) audit.take(event);
        after += events.length;
      }
    }
    return audit.result(heads.length);
  } finally {
    await database.stop();
  }
}

async function readSnapshots({ pool }: Database): Promise<ReadonlyMap<string, { sequence: number; state: Buffer }>> {
  const { rows } = await pool.query<{ stream: string; sequence: number; state: Buffer }>(
    `select stream, sequence, state from snapshot where schema_version = $1 and stream like 'device/%'`,
    [deviceCodec.snapshotVersion],
  );
  return new Map(rows.map(({ stream, ...rest }) => [stream, rest]));
}

function createAudit(
  snapshots: Awaited<ReturnType<typeof readSnapshots>>,
  except: ReadonlySet<string>,
): { take(event: RecordedEvent): void; result(shards: number): JournalAudit } {
  const points = new Map<string, ChainPoint>();
  const states = new Map<string, DeviceState>();
  const last = new Map<string, number>();
  const messages = new Map<string, number>();
  const byType = new Map<string, number>();
  const disordered = new Set<string>();
  const hashes: Hash[] = [];
  let events = 0;

  const fold = (recorded: RecordedEvent): void => {
    const { stream, sequence, type, schemaVersion, payload, occurredAt } = recorded;
    const before = states.get(stream) ?? deviceDecider.initialState(stream);
    checkRight(recorded, before);
    const event = deviceCodec.decode(type, schemaVersion, payload, occurredAt);
    const state = deviceDecider.evolve(before, event, { sequence, occurredAt });
    states.set(stream, state);
    const snapshot = snapshots.get(stream);
    if (snapshot?.sequence !== sequence) return;
    const stored = (JSON.parse(snapshot.state.toString()) as { state: unknown }).state;
    assert.deepEqual(stored, JSON.parse(JSON.stringify(deviceCodec.toSnapshot(state))), `snapshot of ${stream}`);
  };
  const countMessage = ({ stream, payload }: RecordedEvent): void => {
    const { id } = (JSON.parse(payload.toString()) as { values: { id?: unknown } }).values;
    if (typeof id !== 'string') return;
    if (except.has(stream)) {
      messages.set(id, 1);
      return;
    }
    messages.set(id, (messages.get(id) ?? 0) + 1);
    const number = Number(id.slice(id.lastIndexOf('-') + 1));
    if (number <= (last.get(stream) ?? 0)) disordered.add(stream);
    last.set(stream, number);
  };

  return {
    take(event) {
      const { shard, stream, position, payload, type } = event;
      events += 1;
      byType.set(type, (byType.get(type) ?? 0) + 1);
      digestEvent((hashes[shard] ??= createHash('sha256')), position, stream, payload);
      if (type === 'TelemetryRecorded') countMessage(event);
      if (except.has(stream)) return;
      const verdict = verifyChain(stream, [event], points.get(stream));
      assert.ok(verdict.intact, `${stream} does not verify at sequence ${event.sequence}`);
      points.set(stream, verdict.last);
      if (stream.startsWith('device/')) fold(event);
    },
    result: (shards) => ({
      events,
      byType,
      messages,
      disordered: [...disordered],
      digests: Array.from({ length: shards }, (_, shard) => (hashes[shard] ??= createHash('sha256')).digest('hex')),
    }),
  };
}

/** Events that a device causes by what it sends; all others are caused by people or by the system. */
const BY_DEVICES: ReadonlySet<string> = new Set(['TelemetryRecorded', 'DeviceEventRecorded', 'MessageRejected']);

/**
 * SEC-150: who caused the event stands in its metadata, and, for a device, its credential was valid when the stream had come so
 * far, belonged to the session of that time, and was allowed by the event that is named.
 */
function checkRight({ stream, sequence, type, metadata }: RecordedEvent, before: DeviceState): void {
  const origin = JSON.parse(metadata.toString()) as Readonly<Record<string, unknown>>;
  const place = `${type} at ${stream}:${sequence}`;
  assert.equal(origin['tenant'], before.tenant, `tenant of ${place}`);
  assert.match(String(origin['principal']), /^(device|token|user|system)\//, `principal of ${place}`);
  assert.equal(typeof origin['correlationId'], 'string', `correlation of ${place}`);
  if (!BY_DEVICES.has(type)) return;
  const credential = String(origin['credential']);
  const entry = before.certificates.get(credential) ?? before.tokens.get(credential);
  assert.ok(entry !== undefined && entry.revokedAt === undefined, `credential of ${place}`);
  const { sessionEpoch, policySequence } = before.connection;
  assert.deepEqual(
    [origin['principal'], origin['sessionEpoch'], origin['policy'], before.enabled],
    [`device/${before.id}`, sessionEpoch, `${stream}:${policySequence}`, true],
    `right of ${place}`,
  );
}
