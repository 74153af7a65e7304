import { describe, expect, test } from '@jest/globals';
import { concernsOf, type Concern } from '../../../src/api/dashboard/pages/home/concerns.js';
import { createTrends } from '../../../src/api/dashboard/pages/health/trend.js';

const NOW = Date.UTC(2026, 0, 1, 14, 3, 0);
type Facts = Parameters<typeof concernsOf>[0];

const facts = (over: Partial<Facts> = {}): Facts => ({
  ready: { status: 'ready', parts: { journal: { state: 'ok' } } },
  status: statusWith(0, 'running'),
  activity: {
    events: [],
    connects: [],
    commitGate: null,
    devices: { total: 1, online: 1, offline: 0, neverSeen: 0, disabled: 0 },
    rejections: [],
    takenOver: [],
    refusedConnects: [],
    disconnections: [],
  },
  before: [],
  now: NOW,
  ...over,
});

function statusWith(
  lagEvents: number,
  state: 'running' | 'waiting' | 'catching-up' | 'off',
): NonNullable<Facts['status']> {
  return {
    shards: [{ shard: 0, head: lagEvents, relayed: 0, lagEvents, lagSeconds: lagEvents / 100 }],
    relay: { state, topic: 'fleetlog.events' },
    recovering: null,
  };
}

function lost(count: number, reason = 'KEEP_ALIVE_TIMEOUT', lastAt = NOW): Facts {
  const firstAt = '2026-01-01T14:00:00Z';
  const disconnections = [{ reason, count, firstAt, lastAt: new Date(lastAt).toISOString(), devices: ['pump-7'] }];
  return facts({ activity: { ...facts().activity!, disconnections } });
}

describe('what needs attention', () => {
  test('nothing, while everything is well', () => {
    expect(concernsOf(facts())).toEqual([]);
  });

  test('a journal that takes nothing comes first and says why', () => {
    const [first] = concernsOf(
      facts({
        ready: { status: 'unready', parts: { journal: { state: 'down', reason: 'JOURNAL_UNAVAILABLE' } } },
        status: statusWith(5000, 'waiting'),
      }),
    );
    expect(first).toMatchObject({
      tone: 'bad',
      title: 'The journal can not be written',
      detail: 'JOURNAL_UNAVAILABLE',
    });
  });

  test('a relay that waits says since when, and that the events are safe; afterwards how long it still needs', () => {
    const waiting = concernsOf(facts({ status: statusWith(12_400, 'waiting') }));
    expect(waiting[0]!.title).toMatch(/^Relay waiting since \d\d:\d\d$/);
    expect(waiting[0]!.detail).toBe('12,400 events safe in the journal');
    const later = concernsOf(facts({ status: statusWith(8_400, 'catching-up'), before: waiting, now: NOW + 10_000 }));
    expect(later).toMatchObject([
      { title: 'Relay catching up', detail: '8,400 events safe in the journal, 21 s left' },
    ]);
    const done: readonly Concern[] = concernsOf(facts({ before: later, now: NOW + 40_000 }));
    expect(done).toEqual([]);
  });

  test('certificates that end soon are counted, and lead to their list', () => {
    const [concern] = concernsOf(facts({ expiring: { count: 2, devices: ['pump-7', 'valve-1'] } }));
    expect(concern).toMatchObject({ count: '2', href: '/certificates?state=active&expiring=30' });
    expect(concern!.title).toBe('2 certificates within 30 days of the end');
    expect(concern!.detail).toBe('of pump-7, valve-1');
    const [many] = concernsOf(facts({ expiring: { count: 4_711, devices: ['pump-7', 'valve-1'] } }));
    expect(many).toMatchObject({ count: '4,711', detail: 'of pump-7, valve-1 …' });
  });

  test('a Kafka that is off by choice is no concern', () => {
    expect(concernsOf(facts({ status: statusWith(12_400, 'off') }))).toEqual([]);
  });

  test('while all come back at once it says how many are recovered, how fast they connect and how long it takes', () => {
    const recovering = (recovered: number): Partial<Facts> => ({
      status: { ...statusWith(0, 'running'), recovering: { recovered, total: 10_000 } },
      activity: { ...facts().activity!, connects: [0, 0, 400, 400, 400, 400, 400] },
    });
    const first = concernsOf(facts(recovering(1_120)));
    expect(first).toMatchObject([{ title: 'Recovering 1,120 of 10,000 devices' }]);
    const later = concernsOf(facts({ ...recovering(3_120), before: first, now: NOW + 5_000 }));
    expect(later).toMatchObject([
      {
        title: 'Recovering 3,120 of 10,000 devices',
        detail: '400 connects/s, about 18 s left. Every page works meanwhile.',
        since: NOW,
      },
    ]);
  });

  test('a connection that is taken over again and again is told with both addresses, one that moved once is not', () => {
    const taken = (count: number): Facts =>
      facts({
        activity: {
          ...facts().activity!,
          takenOver: [
            {
              device: 'pump-7',
              count,
              firstAt: '2026-01-01T14:00:00Z',
              lastAt: '2026-01-01T14:01:00Z',
              addresses: ['10.0.0.7', '10.0.0.8'],
            },
          ],
        },
      });
    expect(concernsOf(taken(1))).toEqual([]);
    const [concern] = concernsOf(taken(14));
    expect(concern).toMatchObject({ title: 'pump-7 is taken over again and again', href: '/devices/pump-7' });
    expect(concern!.detail).toContain('14 times in 5 min, from 10.0.0.7 and 10.0.0.8');
  });

  test('devices that are lost together are one line, a single one is none', () => {
    expect(concernsOf(lost(1))).toEqual([]);
    expect(concernsOf(lost(4))).toMatchObject([{ title: '4 devices went offline together' }]);
  });

  test('after a crash of the server devices have a minute to come back before their absence is told', () => {
    expect(concernsOf(lost(4, 'SERVER_LOST', NOW - 30_000))).toEqual([]);
    expect(concernsOf(lost(4, 'SERVER_LOST', NOW - 70_000))).toMatchObject([
      { title: '4 devices went offline together' },
    ]);
  });
});

describe('trends of a lag', () => {
  test.each([
    [[0, 150, 0], 'stable'],
    [[9000, 6000, 3000], 'catching up'],
    [[300, 3000, 6000], 'falling behind'],
  ] as const)('%j is %s', (readings, trend) => {
    const trendOf = createTrends();
    expect(readings.map((events) => trendOf('relay', events)).at(-1)).toBe(trend);
  });
});
