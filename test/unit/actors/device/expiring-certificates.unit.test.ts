import { describe, expect, test } from '@jest/globals';
import { createDeviceDirectory } from '../../../../src/actors/device/device-actor.js';
import { tellExpiringCertificates } from '../../../../src/actors/device/expiring-certificates.js';
import type { DeviceEvent } from '../../../../src/actors/device/events.js';
import type { CertificatePlace } from '../../../../src/actors/kernel/ports/connection-history.js';
import { createFixedClock, createMemoryMeter, createSilentLogger } from '../../../support/fake-ports.js';
import { createMemoryJournal } from '../../../support/memory-journal.js';
import { certificate, deleted, given, hex, issued, NOW, registered, revoked, STREAM } from './device-facts.js';

const DAY = 24 * 60 * 60 * 1000;
const { notAfter } = certificate('a');
const before = (days: number): number => notAfter - days * DAY;
const expiring = (days: 30 | 7 | 1): DeviceEvent => ({
  type: 'CertificateExpiring',
  data: { fingerprint: hex('a'), notAfter, days },
});
const tell = { type: 'TellExpiry', fingerprint: hex('a') } as const;

describe('the end of a certificate', () => {
  test('SEC-33 is told 30, 7 and 1 days before, each once', () => {
    given(registered, issued('a')).when(tell, before(31)).then();
    given(registered, issued('a')).when(tell, before(30)).then(expiring(30));
    given(registered, issued('a'), expiring(30)).when(tell, before(8)).then();
    given(registered, issued('a'), expiring(30)).when(tell, before(7)).then(expiring(7));
    given(registered, issued('a'), expiring(30), expiring(7)).when(tell, before(2)).then();
    given(registered, issued('a'), expiring(30), expiring(7)).when(tell, before(1)).then(expiring(1));
    given(registered, issued('a'), expiring(1)).when(tell, before(0.5)).then();
  });

  test('SEC-33 that was not looked for in time is told once, as it is now', () => {
    given(registered, issued('a')).when(tell, before(3)).then(expiring(7));
  });

  test('SEC-33 is not told of what has ended, was revoked or is not there', () => {
    given(registered, issued('a')).when(tell, before(0)).then();
    given(registered, issued('a'), revoked('a')).when(tell, before(1)).then();
    given(registered).when(tell, before(1)).refuses('CERTIFICATE_NOT_FOUND');
    given(registered, issued('a'), deleted).when(tell, before(1)).refuses('DEVICE_NOT_FOUND');
  });

  test('SEC-33 is told once by two nodes that look at the same moment, again and again', async () => {
    const { journal, snapshots, incomingIds, ...memory } = createMemoryJournal();
    const clock = createFixedClock(NOW);
    const logger = createSilentLogger();
    const ports = { journal, snapshots, incomingIds, clock, logger, meter: createMemoryMeter() };
    const [one, other] = [createDeviceDirectory(ports), createDeviceDirectory(ports)];
    const origin = { tenant: 'default', principal: 'system/admin' };
    const { profile } = (registered as DeviceEvent & { type: 'DeviceRegistered' }).data;
    await one.request(STREAM, { type: 'RegisterDevice', id: 'pump-7', profile, enabled: true }, origin);
    await one.request(STREAM, { type: 'AddCertificate', certificate: certificate('a') }, origin);

    // The view of each node has heard of nothing yet.
    const place: CertificatePlace = { tenant: 'default', device: 'pump-7', fingerprint: hex('a') };
    const connections = { expiringUntold: () => Promise.resolve([place]) };
    const told = () => memory.stream(STREAM).filter(({ type }) => type === 'CertificateExpiring');
    const nodes = [one, other].map((devices) => tellExpiringCertificates({ connections, devices, clock, logger }));
    for (const days of [30, 7, 1]) {
      clock.advance(before(days) - clock.now());
      for (let round = 0; round < 3; round += 1) await Promise.all(nodes.map((node) => node.check()));
      expect(JSON.parse(told().at(-1)!.payload.toString())).toMatchObject({ days });
    }
    expect(told()).toHaveLength(3);
    expect(JSON.parse(told()[0]!.metadata.toString())).toMatchObject({ principal: 'system/expiry' });
    await Promise.all([...nodes, one, other].map((part) => part.stop()));
  });
});
