import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { deviceCodec } from '../../../src/actors/device/codec.js';
import type { DeviceCommand } from '../../../src/actors/device/commands.js';
import { deviceDecider } from '../../../src/actors/device/decider.js';
import { createDeviceDirectory } from '../../../src/actors/device/device-actor.js';
import { deviceStream } from '../../../src/actors/device/events.js';
import { verifyChain } from '../../../src/actors/kernel/hash-chain.js';
import type { Ask, Outcome } from '../../../src/actors/kernel/ports/entities.js';
import { openDatabase, type Database } from '../../../src/persistence/database.js';
import { createIncomingIds } from '../../../src/persistence/incoming-ids.js';
import { createSnapshotStore } from '../../../src/persistence/snapshots.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';
import { openTestJournal } from '../persistence/open-test-journal.js';

const origin = { tenant: 'default', principal: 'test', address: '127.0.0.1' };
const profile = { attributes: {}, tags: [], groups: [], via: [], gateway: false };
let testDatabase: TestDatabase;
let database: Database;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase({ url: testDatabase.url, log: createSilentLogger() });
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  await database.stop();
  await testDatabase.drop();
});

/** One node: a journal and a directory of its own on the shared Postgres. */
async function startNode() {
  const journal = await openTestJournal(testDatabase.url);
  stops.push(() => journal.close());
  const directory = createDeviceDirectory({
    journal,
    snapshots: createSnapshotStore(database),
    incomingIds: createIncomingIds(database),
    clock: realClock,
    logger: createSilentLogger(),
    meter: createMemoryMeter(),
    limits: { snapshotEvery: 20 },
  });
  stops.push(() => directory.stop());
  return { journal, directory };
}
type Node = Awaited<ReturnType<typeof startNode>>;

async function bringOnline({ directory }: Node, id: string): Promise<string> {
  const stream = deviceStream('default', id);
  const commands: DeviceCommand[] = [
    { type: 'RegisterDevice', id, profile, enabled: true },
    { type: 'AddToken', tokenId: 't1', sha256: 'ab'.repeat(32) },
    {
      type: 'ConnectDevice',
      credential: { kind: 'token', sha256: 'ab'.repeat(32) },
      connection: {
        clientId: id,
        address: '::1',
        listener: 'mqtt',
        protocolLevel: 4,
        keepAlive: 60,
        cleanSession: true,
        node: 'n1',
        life: 'first',
      },
    },
  ];
  for (const command of commands) expect((await directory.request(stream, command, origin)).kind).toBe('accepted');
  return stream;
}

function ask(command: DeviceCommand, incomingId?: number): Ask<DeviceCommand> & { readonly outcome: Promise<Outcome> } {
  let settle: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => (settle = resolve));
  return { command, origin, bytes: 100, outcome, settle, ...(incomingId !== undefined && { incomingId }) };
}

const record = (id: string): DeviceCommand => ({
  type: 'RecordTelemetry',
  sessionEpoch: 1,
  records: [{ values: { t: 21.5, text: 'é' }, ts: 1_700_000_000_001, id }],
});

test('I9 two nodes that write one stream at once lose nothing, repeat nothing, and a third recovers the same state', async () => {
  const nodes = [await startNode(), await startNode()] as const;
  const stream = await bringOnline(nodes[0], 'd1');
  // Each id is sent to both nodes: whoever loses the race has to see it in the winner's events.
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const both = nodes.map(({ directory }) => directory.request(stream, record(`m${index}`), origin));
      return Promise.all(both);
    }),
  );
  const recorded = outcomes.flat().filter((outcome) => outcome.kind === 'accepted' && outcome.recorded !== undefined);
  expect(recorded).toHaveLength(30);

  const third = await startNode();
  const events = await third.journal.readStream(stream, 1, 1000);
  expect(events).toHaveLength(33);
  expect(verifyChain(stream, events)).toMatchObject({ intact: true, last: { sequence: 33 } });
  const folded = events.reduce((state, event) => {
    const decoded = deviceCodec.decode(event.type, event.schemaVersion, event.payload, event.occurredAt);
    return deviceDecider.evolve(state, decoded, event);
  }, deviceDecider.initialState(stream));
  const recovered = await third.directory.query(stream, (state) => deviceCodec.toSnapshot(state));
  expect(recovered).toEqual(deviceCodec.toSnapshot(folded));
});

test('a node tells what another has recorded, about a second later', async () => {
  const nodes = [await startNode(), await startNode()] as const;
  const stream = await bringOnline(nodes[0], 'd3');
  const known = () => nodes[1].directory.query(stream, (_state, sequence) => sequence);
  expect(await known()).toBe(3);
  await nodes[0].directory.request(stream, record('m1'), origin);
  await until('the second node knows the fourth event', async () => (await known()) === 4);
});

test('I7 a QoS 2 message is journaled once, on any node, until its id is released', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const stream = await bringOnline(first, 'd2');
  const send = async (node: Node, id: string): Promise<number> => {
    const sent = ask(record(id), 7);
    node.directory.enqueue(stream, sent);
    const outcome = await sent.outcome;
    return outcome.kind === 'accepted' ? (outcome.recorded?.count ?? 0) : -1;
  };
  expect([await send(first, 'a'), await send(first, 'a'), await send(second, 'a')]).toEqual([1, 0, 0]);
  expect(await second.directory.hasIncoming(stream, 7)).toBe(true);
  await second.directory.releaseIncoming(stream, [7]);
  expect(await second.directory.hasIncoming(stream, 7)).toBe(false);
  expect(await send(second, 'b')).toBe(1);
});
