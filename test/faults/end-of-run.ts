import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { FleetlogProcess } from '../support/fleetlog-process.js';
import { untilRelayed } from '../support/journal-lines.js';
import { until } from '../support/until.js';
import { auditJournal, type JournalAudit } from './journal-audit.js';
import type { Platform } from './platform.js';
import { digestTopic } from './topic-digest.js';

export interface EndOfRun extends JournalAudit {
  readonly acknowledged: number;
  /** `1,204 acknowledged = journaled = in the topic, in order, once`. */
  readonly sentence: string;
}

export interface EndOfRunOptions {
  /** Streams that were tampered with on purpose. */
  readonly except?: ReadonlySet<string>;
  /** The journal may hold messages that were sent but never acknowledged, because their devices gave up. @default false */
  readonly abandoned?: boolean;
  /** @default 60000 */
  readonly relayMs?: number;
}

/**
 * What must hold after every fault: what the devices were told is in the journal, once and in order; shards and streams are
 * gapless and their chains verify; the topic is the journal, by our own verification and by a stranger's consumer; and a
 * platform that forgets snapshots and projections and replays everything is the platform that was live (REL-03).
 *
 * Ends the devices and all nodes.
 */
export async function checkEndOfRun(platform: Platform, options: EndOfRunOptions = {}): Promise<EndOfRun> {
  const { server, ledger } = platform;
  await Promise.all(platform.loads.map((load) => load.finish()));
  await until('every session has ended', () => sessionsEnded(platform));
  const relayed = platform.brokers !== 'off';
  if (relayed) await untilRelayed(server, options.relayMs);
  const live = await stateOf(server, options.except);

  const audit = await auditJournal(platform.databaseUrl, options.except);
  const acknowledged = ledger.read();
  checkLedger(acknowledged, audit, options.abandoned ?? false);
  if (relayed) await checkTopic(platform, audit);

  for (const node of platform.nodes) assert.equal(await node.stop(), 0, 'exit code of an ordered stop');
  await platform.sql('delete from snapshot');
  await platform.sql('delete from device_index');
  await platform.sql(`delete from subscription_checkpoint where subscription = 'device-index'`);
  const replayed = await platform.start({ kafkaBrokers: 'off' });
  const rebuilt = await rebuiltState(replayed, live, options.except);
  assert.deepEqual(rebuilt, live, 'a full replay and the live state differ');
  assert.equal(await replayed.stop(), 0, 'exit code of an ordered stop');

  const count = acknowledged.length.toLocaleString('en');
  const places = relayed ? 'journaled = in the topic' : 'journaled';
  const sentence =
    audit.messages.size === acknowledged.length
      ? `${count} acknowledged = ${places}, in order, once`
      : `${count} acknowledged, all of ${audit.messages.size.toLocaleString('en')} ${places}, in order, once`;
  return { ...audit, acknowledged: acknowledged.length, sentence };
}

function checkLedger(acknowledged: readonly string[], audit: JournalAudit, abandoned: boolean): void {
  const missing = acknowledged.filter((id) => !audit.messages.has(id));
  assert.deepEqual(missing, [], 'acknowledged, but not in the journal');
  const repeated = [...audit.messages].filter(([, times]) => times > 1).map(([id]) => id);
  assert.deepEqual(repeated, [], 'journaled more than once');
  assert.deepEqual(audit.disordered, [], 'not in the order in which they were sent');
  if (!abandoned) assert.equal(audit.messages.size, acknowledged.length, 'journaled, but never acknowledged');
}

async function checkTopic({ server, brokers, eventsTopic }: Platform, audit: JournalAudit): Promise<void> {
  const report = (await (await server.call('POST', '/system/relay/verify')).json()) as Record<string, unknown>;
  const { records, gaps, duplicates, inversions, differences, first } = report;
  assert.deepEqual(
    { records, gaps, duplicates, inversions, differences, first },
    { records: audit.events, gaps: 0, duplicates: 0, inversions: 0, differences: 0, first: null },
    'the topic is not the journal',
  );
  const topic = await digestTopic(brokers, eventsTopic, audit.digests.length);
  assert.deepEqual(topic, { records: audit.events, digests: audit.digests }, 'kcat reads something else');
}

/** What a node tells that has replayed everything; when it differs for long from what was live, that. */
async function rebuiltState(
  node: FleetlogProcess,
  live: LiveState,
  except: EndOfRunOptions['except'],
): Promise<LiveState> {
  for (const late = Date.now() + REBUILD_MS; ;) {
    const state = await stateOf(node, except);
    if (isDeepStrictEqual(state.listed, live.listed) || Date.now() > late) return state;
    await sleep(20);
  }
}

const REBUILD_MS = 45_000;

interface LiveState {
  readonly devices: readonly unknown[];
  readonly listed: readonly DeviceSummary[];
}

interface DeviceSummary {
  readonly id: string;
  readonly connected: boolean;
  readonly sessionEpoch: number;
}

/** Every device, as its actor and as the projection tells it. */
async function stateOf(server: FleetlogProcess, except: ReadonlySet<string> = new Set()): Promise<LiveState> {
  const listed = (await listDevices(server)).filter(({ id }) => !except.has(`device/default/${id}`));
  const devices: unknown[] = [];
  for (const { id } of listed.slice(0, MOST_COMPARED)) {
    const response = await server.call('GET', `/devices/${id}`);
    assert.equal(response.status, 200, `GET /devices/${id}`);
    devices.push(withoutRecent((await response.json()) as Record<string, unknown>));
  }
  return { devices, listed };
}

/** What a node has seen in the last minutes is no fact of the journal, and ends with the node. */
const RECENT: readonly string[] = ['recentRejections', 'refusedConnects', 'takenOver'];

function withoutRecent(device: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(device).filter(([member]) => !RECENT.includes(member)));
}

/** Below what one token may ask at once. */
const MOST_COMPARED = 100;

async function listDevices(server: FleetlogProcess): Promise<DeviceSummary[]> {
  const devices: DeviceSummary[] = [];
  for (let path = '/devices?limit=250'; ;) {
    const response = await server.call('GET', path);
    assert.equal(response.status, 200, `GET ${path}`);
    const { items, next } = (await response.json()) as { items: DeviceSummary[]; next: string | null };
    devices.push(...items);
    if (next === null) return devices;
    path = `/devices?limit=250&cursor=${encodeURIComponent(next)}`;
  }
}

/** The list is behind the journal, so it counts only when it knows of each connection that there was. */
async function sessionsEnded(platform: Platform): Promise<boolean> {
  const listed = await listDevices(platform.server);
  const [row] = await platform.sql<{ count: string }>(`select count(*) from journal where type = 'DeviceConnected'`);
  const known = listed.reduce((sum, { sessionEpoch }) => sum + sessionEpoch, 0);
  return known === Number(row!.count) && listed.every(({ connected }) => !connected);
}
