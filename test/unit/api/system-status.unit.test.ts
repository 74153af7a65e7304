import { describe, expect, test } from '@jest/globals';
import type { SubscriptionStatus } from '../../../src/actors/kernel/ports/journal.js';
import { readiness, systemStatus, type SystemParts } from '../../../src/api/system/system-status.js';
import { createMemoryJournal } from '../../support/memory-journal.js';
import { realClock } from '../../support/fake-ports.js';

const RUNNING: SubscriptionStatus = { name: 'device-index', state: 'running', shards: [] };
const IDLE = { active: 3, recovering: 0, recoveriesWaiting: 0, asks: 0 };
const EMPTY_GATE = { publishes: 0, bytes: 0, oldestSeconds: 0, isFull: false };
const WRITABLE = { writable: true, waitingAppends: 0, waitingEvents: 0, waitingBytes: 0 };

function parts(changed: {
  readonly gate?: Partial<typeof EMPTY_GATE>;
  readonly unread?: Record<string, number>;
  readonly devices?: Partial<typeof IDLE>;
  readonly journal?: Partial<ReturnType<SystemParts['journal']['health']>>;
  readonly relay?: SubscriptionStatus;
  readonly subscription?: SubscriptionStatus;
  readonly stallMs?: number;
}): SystemParts {
  const { journal } = createMemoryJournal();
  return {
    journal: { ...journal, health: () => ({ ...WRITABLE, ...changed.journal }) },
    relay: changed.relay && { status: () => changed.relay! },
    subscriptions: [{ status: () => changed.subscription ?? RUNNING }],
    gate: {
      waiting: () => ({ ...EMPTY_GATE, ...changed.gate }),
      unread: () => changed.unread ?? {},
      connections: () => 3,
    },
    devices: { load: () => ({ ...IDLE, ...changed.devices }) },
    stalls: { recent: () => changed.stallMs },
    database: { starved: () => 0 },
    directories: [{ quarantined: [] }],
    storage: { read: () => Promise.resolve({ postgres: '16.4', schema: 6, latencySeconds: 0.001 }) },
    eventsTopic: 'fleetlog.events',
    mqtt: { host: 'fleetlog.example', mqttsPort: 8883, plainPort: null },
  };
}

describe('which part is not well, and why', () => {
  test('nothing waits: ready, and every part is ok', () => {
    const { ready, parts: told } = readiness(parts({}));
    expect(ready).toBe(true);
    expect(told).toEqual({
      journal: { state: 'ok' },
      mqtt: { state: 'ok' },
      devices: { state: 'ok' },
      subscriptions: { state: 'ok' },
      process: { state: 'ok' },
      database: { state: 'ok' },
    });
  });

  test('a journal that takes nothing makes the platform unready, with what waits for it and for how long', () => {
    const { ready, parts: told } = readiness(
      parts({
        journal: { writable: false, reason: '57P03', waitingEvents: 12 },
        gate: { publishes: 7, oldestSeconds: 4.26 },
      }),
    );
    expect(ready).toBe(false);
    expect(told['journal']).toEqual({ state: 'down', reason: '57P03, 12 events wait' });
    expect(told['mqtt']).toEqual({
      state: 'degraded',
      reason: '7 publishes are held without acknowledgement, the oldest for 4.3 s',
    });
  });

  test('a full commit gate is degraded while the journal is written on: ready, but it says that publishers are not read', () => {
    const { ready, parts: told } = readiness(parts({ gate: { publishes: 10_000, oldestSeconds: 1, isFull: true } }));
    expect(ready).toBe(true);
    expect(told['mqtt']).toEqual({
      state: 'degraded',
      reason: 'OVERLOADED: 10000 publishes wait for their commit, the oldest for 1.0 s; publishers are not read',
    });
  });

  test('publishes that wait while the journal is well are no trouble', () => {
    expect(readiness(parts({ gate: { publishes: 500, oldestSeconds: 0.01 } })).parts['mqtt']).toEqual({ state: 'ok' });
  });

  test('devices that wait to be recovered, a subscription and a relay that wait are degraded, each with its reason', () => {
    const { ready, parts: told } = readiness(
      parts({
        devices: { recovering: 32, recoveriesWaiting: 900 },
        stallMs: 1_200,
        subscription: { ...RUNNING, state: 'waiting', reason: 'INTERNAL: no' },
        relay: {
          name: 'relay',
          state: 'waiting',
          reason: 'refused',
          shards: [{ shard: 0, checkpoint: 1, lagEvents: 40, lagSeconds: 2, reason: 'refused' }],
        },
      }),
    );
    expect(ready).toBe(true);
    expect(told['devices']?.reason).toBe('32 devices are being read from the journal, 900 wait for their turn');
    expect(told['process']?.reason).toBe('it stood still for 1.2 s');
    expect(told['subscriptions']?.reason).toBe('device-index: INTERNAL: no');
    expect(told['kafka']).toEqual({ state: 'degraded', reason: 'refused; 40 events wait in the journal' });
  });
});

test('the status tells what waits where, why a shard is not relayed, and which sockets are not read', async () => {
  const relay: SubscriptionStatus = {
    name: 'relay',
    state: 'waiting',
    reason: 'refused',
    shards: [{ shard: 0, checkpoint: 0, lagEvents: 0, lagSeconds: 0, reason: 'refused' }],
  };
  const status = await systemStatus(
    parts({
      relay,
      gate: { publishes: 4, bytes: 4096, oldestSeconds: 0.5, isFull: true },
      unread: { node: 2, window: 1 },
      devices: { asks: 4 },
      journal: { waitingAppends: 3, waitingEvents: 4, waitingBytes: 900 },
    }),
    '0.0.0',
    realClock,
  );
  expect(status.waiting).toEqual({
    commitGate: { publishes: 4, bytes: 4096, oldestSeconds: 0.5, full: true },
    journal: { appends: 3, events: 4, bytes: 900 },
    devices: { ...IDLE, asks: 4 },
    connections: { open: 3, unread: { node: 2, window: 1 } },
  });
  expect(status.parts['mqtt']?.state).toBe('degraded');
  expect(status.shards.find(({ shard }) => shard === 0)?.reason).toBe('refused');
});
