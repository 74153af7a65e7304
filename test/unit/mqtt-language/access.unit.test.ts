import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { may, type Action } from '../../../src/transport/mqtt/access.js';
import { filterMatches } from './matcher.js';

const DEV1 = { tenant: 'default', device: 'dev1' };
const ACTIONS: readonly Action[] = ['publish', 'subscribe', 'receive'];

const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  'another device': [
    'devices/dev2/telemetry',
    'devices/dev2/commands/c/request',
    'devices/dev2/errors',
    '$aws/things/dev2/shadow/update',
    't/acme/dev1',
    'gateways/gw2/batch',
    'acme/devices/dev1/telemetry',
    'default/devices/dev1/telemetry',
  ],
  'look-alike': [
    'devices/dev10/telemetry',
    'devices/dev/telemetry',
    'devices/dev1x/telemetry',
    'Devices/dev1/telemetry',
    'devices/DEV1/telemetry',
    'devices/dev1 /telemetry',
    'devicesx/dev1/telemetry',
    'devices/dev1telemetry',
  ],
  'path tricks': [
    'devices/dev1/../dev2/telemetry',
    'devices//dev1/telemetry',
    '/devices/dev1/telemetry',
    'devices/dev1/telemetry/',
    'devices/dev1',
    'devices/dev1/',
    'devices/',
    '/',
    '',
    'devices\\dev1\\telemetry',
    'devices/./dev1/telemetry',
    'devices/dev1/./telemetry',
    'devices/dev1//telemetry',
    'devices/dev1/..',
  ],
  encodings: [
    'devices/dev%31/telemetry',
    'devices%2Fdev2%2Ftelemetry',
    'devices/dev2%00/telemetry',
    'devices/dev1/%2e%2e/dev2',
    'devices/ｄｅｖ１/telemetry',
    'devices/dеv1/telemetry',
    'devices/dev1/ｔelemetry',
    'devices/dev1/tеlemetry',
    '\uFEFFdevices/dev1/telemetry',
    'devices/dev1/telemetry\uFEFF',
    'devices/dev1\u202E/telemetry',
    'devices/dev1/events/\u202Ea',
  ],
  bytes: ['\0', '\uFFFD', '\uFFFD\uFFFD', '\uD800', '\uDFFF', '\u0001', '\n', '\u001F', '\u007F', '\u009F'].flatMap(
    (bad) => [
      `devices/dev1/telemetry${bad}`,
      `devices/dev1/events/${bad}`,
      `devices/dev1${bad}/telemetry`,
      `${bad}devices/dev1/telemetry`,
    ],
  ),
  wildcards: [
    '#',
    '+/#',
    '+/+/telemetry',
    'devices/#',
    'devices/+/telemetry',
    'devices/+/commands/#',
    'devices/dev+/x',
    'devices/dev1#',
    'a#',
    'a+',
    '+a',
    'devices/dev1/#/x',
    'devices/dev1/a#',
    'devices/dev1/a+',
    'devices/dev1/+a',
    '$aws/#',
    '$aws/things/+/shadow/#',
    'groups/#',
    'groups/+/x',
    '+',
    '+/dev1/#',
    '/#',
    'devices/dev1/##',
  ],
  dollar: [
    '$SYS/#',
    '$SYS/+/new/clients',
    '$SYS/x/new/clients',
    '$share/g/devices/dev2/#',
    '$share/g/devices/dev1/#',
    '$queue/x',
    '$delayed/5/x',
    '$aws/events/presence/connected/dev1',
    '$share/g/devices/dev1/telemetry',
  ],
  'group and gateway': ['groups/notmine/x', 'groups/minex/x', 'devices/stranger/telemetry', 'v1/gateway/telemetry'],
  'object names': ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'].flatMap((name) => [
    name,
    `devices/${name}/telemetry`,
    `${name}/dev1/telemetry`,
    `groups/${name}/x`,
  ]),
  long: [
    `devices/${'d'.repeat(129)}/telemetry`,
    `devices/dev1/${'x'.repeat(244)}`,
    'devices/dev1/3/4/5/6/7/8/9',
    '/'.repeat(200),
    `devices/dev1/events/${'x'.repeat(65_515)}`,
    `devices/dev1/events/${'x'.repeat(129)}`,
  ],
};
const TABLE = Object.entries(FOREIGN).flatMap(([kind, topics]) => topics.map((topic) => ({ kind, topic })));

test.each(TABLE)('SEC-40 $kind: $topic is neither published, subscribed nor received', ({ topic }) => {
  expect(ACTIONS.filter((action) => may(DEV1, action, topic))).toEqual([]);
});

test.each([
  'devices/dev1/commands/c/request',
  'devices/dev1/errors',
  'devices/dev1/shadow/update/accepted',
  'devices/dev1/shadow/update/delta',
  'devices/dev1/jobs/notify-next',
  'devices/dev1/requests/r/response',
  'devices/dev1/telemetry/x',
  'devices/dev1/events',
  'devices/dev1/events/',
  'devices/dev1/events/a/b',
  'devices/dev1/events/.',
  'devices/dev1/events/..',
  'devices/dev1/+',
  'devices/dev1/#',
  '#',
])('SEC-40 forged server words and wildcards: %s is not published', (topic) => {
  expect(may(DEV1, 'publish', topic)).toBe(false);
});

test.each([
  'devices/dev1/telemetry',
  'devices/dev1/events/door-opened',
  'devices/dev1/events/__proto__',
  `devices/dev1/events/${'n'.repeat(128)}`,
])('SEC-40 must work: publish %s', (topic) => {
  expect(may(DEV1, 'publish', topic)).toBe(true);
});

test.each([
  'devices/dev1/#',
  'devices/dev1/+',
  'devices/dev1/shadow/get/+',
  'devices/dev1/errors',
  'devices/dev1/+/+/request',
  'devices/dev1/commands/#',
  'devices/dev1/3/4/5/6/7/8',
])('SEC-40 must work: subscribe %s', (filter) => {
  expect(may(DEV1, 'subscribe', filter)).toBe(true);
});

test('receiving takes concrete topics only', () => {
  expect(may(DEV1, 'receive', 'devices/dev1/errors')).toBe(true);
  expect(may(DEV1, 'receive', 'devices/dev1/#')).toBe(false);
  expect(may(DEV1, 'receive', 'devices/dev1/+')).toBe(false);
});

test.each(['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])(
  'SEC-40 a device named %s is a device like any other',
  (device) => {
    const peer = { tenant: device, device };
    expect(may(peer, 'publish', `devices/${device}/telemetry`)).toBe(true);
    expect(may(peer, 'subscribe', `devices/${device}/#`)).toBe(true);
    expect(may(peer, 'publish', 'devices/dev1/telemetry')).toBe(false);
  },
);

describe('for any string', () => {
  const level = fc.oneof(
    fc.constantFrom(
      'devices',
      'dev1',
      'dev2',
      'dev10',
      '+',
      '#',
      '',
      '.',
      '..',
      '$share',
      '$SYS',
      'telemetry',
      'events',
      'errors',
      '%2F',
      'a+',
      'a#',
      '\0',
      '\uFFFD',
      '\uD800',
    ),
    fc.string({ maxLength: 6, unit: 'binary' }),
  );
  const path = fc.array(level, { maxLength: 10 }).map((levels) => levels.join('/'));
  const ownPath = path.map((rest) => `devices/dev1/${rest}`);
  const anything = fc.oneof(path, ownPath, fc.string({ unit: 'binary' }));

  test('SEC-40 nothing outside the own subtree passes', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(...ACTIONS), (text, action) => {
        if (may(DEV1, action, text)) expect(text).toMatch(/^devices\/dev1\/[^\p{Cc}\uFFFD]+$/u);
      }),
      { numRuns: 5_000 },
    );
  });

  test('SEC-40 a granted filter matches topics of the own subtree only, by the matching rules of MQTT', () => {
    fc.assert(
      fc.property(fc.oneof(ownPath, anything), anything, (filter, topic) => {
        if (may(DEV1, 'subscribe', filter) && filterMatches(filter, topic)) {
          // `devices/dev1/#` also matches its parent: nobody publishes there, and `receive` refuses it.
          expect(topic === 'devices/dev1' || topic.startsWith('devices/dev1/')).toBe(true);
          expect(may(DEV1, 'receive', 'devices/dev1')).toBe(false);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('what a device may publish it may also subscribe and receive', () => {
    fc.assert(
      fc.property(anything, (topic) => {
        if (may(DEV1, 'publish', topic)) {
          expect(may(DEV1, 'subscribe', topic)).toBe(true);
          expect(may(DEV1, 'receive', topic)).toBe(true);
        }
      }),
    );
  });
});
