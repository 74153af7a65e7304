import { expect, test } from '@jest/globals';
import { Routes } from '../../../src/transport/mqtt/routes.js';

const routes = () => new Routes({ tenant: 'default', device: 'dev1' });

test('a route is found once and holds the topic in all its forms', () => {
  const own = routes();
  const route = own.of('devices/dev1/events/door');
  expect(route).toMatchObject({
    topic: 'devices/dev1/events/door',
    internalTopic: 'default/devices/dev1/events/door',
    uplink: { kind: 'event', device: 'dev1', name: 'door' },
  });
  expect(own.of('devices/dev1/events/door')).toBe(route);
});

test.each([
  'devices/dev2/telemetry',
  'devices/dev1/errors',
  'devices/dev1/events/a/b',
  'devices/dév1/telemetry',
  '#',
  '',
])('a device has no route to %j', (topic) => expect(routes().of(topic)).toBeUndefined());

test('a device that makes up names fills no memory', () => {
  const own = routes();
  for (let number = 0; number < 1_000; number += 1) expect(own.of(`devices/dev1/events/e${number}`)).toBeDefined();
  expect(own.of('devices/dev1/events/e1')).toBe(own.of('devices/dev1/events/e1'));
  expect(own.of('devices/dev1/events/e999')).not.toBe(own.of('devices/dev1/events/e999'));
});
