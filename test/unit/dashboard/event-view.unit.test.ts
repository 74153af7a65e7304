import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { EVENT_TYPES } from '../../../src/api/dashboard/pages/events/event-types.js';
import { relationOf } from '../../../src/api/dashboard/pages/events/relations.js';
import { behindRows, eventsLine, readPlace, requestOf, viewKey } from '../../../src/api/dashboard/pages/events/view.js';
import type { JournalEvent } from '../../../src/api/dashboard/data/live.js';

const NOW = Date.parse('2026-02-03T14:00:00Z');

test('the explorer offers every type of event that there is', () => {
  const there = ['device', 'tenant'].flatMap((concept) =>
    readdirSync(new URL(`../../../src/actors/${concept}/schemas`, import.meta.url))
      .filter((name) => name.endsWith('.v1.json'))
      .map((name) => name.replace('.v1.json', '')),
  );
  expect(EVENT_TYPES.flatMap(({ types }) => types).sort()).toEqual(there.sort());
});

test('an address asks for what it names, and for nothing that is left empty', () => {
  expect(requestOf({ device: 'd1', types: '', event: '0:1', unknown: 'x' }, NOW)).toEqual({ device: 'd1' });
  expect(requestOf({ since: '1h' }, NOW)).toEqual({ from: '2026-02-03T13:00:00.000Z' });
  expect(requestOf({ since: 'ever' }, NOW)).toEqual({});
});

test('opening an event does not read the list again', () => {
  expect(viewKey({ device: 'd1', event: '0:1' })).toBe(viewKey({ device: 'd1' }));
  expect(viewKey({ device: 'd1', since: '1h' })).not.toBe(viewKey({ device: 'd1' }));
});

test('the command line asks in CEL for what it has no option for', () => {
  expect(eventsLine({ device: 'd1', types: 'A,B' })).toBe('npx fleetlog events tail --device=d1 --type=A,B');
  expect(eventsLine({ filter: 'a || b' })).toBe(`npx fleetlog events tail '--filter=a || b'`);
  expect(eventsLine({ filter: 'a || b', shard: '3', principal: 'user/"x"', to: '2026-02-03T14:00:00Z' })).toBe(
    String.raw`npx fleetlog events ls '--principal=user/"x"' --to=2026-02-03T14:00:00Z ` +
      String.raw`'--filter=(a || b) && event.shard == 3.0'`,
  );
});

test('a list goes on behind its oldest row of each shard, and of a shard without one where the list began', () => {
  const rows = [
    { shard: 0, position: 9 },
    { shard: 1, position: 7 },
    { shard: 0, position: 8 },
  ];
  expect(behindRows(rows, '0:12,1:7,2:30')).toBe('0:7,1:6,2:30');
});

test('only a shard and a position are a place', () => {
  expect(readPlace('3:4711')).toEqual({ shard: 3, position: 4711 });
  for (const text of [undefined, '', '3', '3:x', '-1:2', '3:1,4:1']) expect(readPlace(text)).toBeUndefined();
});

test('cause and effect are told by the name that the metadata give', () => {
  const event = (sequence: number, causationId?: string): JournalEvent =>
    ({ stream: 'device/default/d1', sequence, metadata: causationId ? { causationId } : {} }) as never;
  const cause = event(1);
  const middle = event(2, 'device/default/d1:1');
  const effect = event(3, 'device/default/d1:2');
  expect([cause, middle, effect].map((other) => relationOf(middle, other))).toEqual(['cause', 'self', 'effect']);
  expect(relationOf(cause, effect)).toBe('relative');
});
