import { describe, expect, test } from '@jest/globals';
import { tenantDecider } from '../../../../src/actors/tenant/decider.js';
import { tenantStream } from '../../../../src/actors/tenant/events.js';
import { tellPlatformExpiry } from '../../../../src/actors/tenant/platform-expiry.js';
import { createTenantDirectory } from '../../../../src/actors/tenant/tenant-actor.js';
import { createFixedClock, createMemoryMeter, createSilentLogger } from '../../../support/fake-ports.js';
import { createMemoryJournal } from '../../../support/memory-journal.js';
import { specificationOf } from '../given.js';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 5, 1);
const { given } = specificationOf(tenantDecider, tenantStream('default'), NOW);
const [AUTHORITY, SERVER] = ['aa'.repeat(32), 'bb'.repeat(32)];

describe("the end of the platform's own certificates", () => {
  test('SEC-33 is told once per threshold and certificate', () => {
    const certificate = { of: 'server', fingerprint: SERVER, notBefore: NOW, notAfter: NOW + 90 * DAY } as const;
    const tell = { type: 'TellPlatformExpiry', certificate } as const;
    const told = (days: 30 | 7) =>
      ({
        type: 'PlatformCertificateExpiring',
        data: { of: 'server', fingerprint: SERVER, notAfter: NOW + 90 * DAY, days },
      }) as const;
    given()
      .when(tell, NOW + 59 * DAY)
      .then();
    given()
      .when(tell, NOW + 60 * DAY)
      .then(told(30));
    given(told(30))
      .when(tell, NOW + 61 * DAY)
      .then();
    given(told(30))
      .when(tell, NOW + 83 * DAY)
      .then(told(7));
  });

  test('SEC-33 is told once over restarts and by two nodes; a server’s that ends with its authority is not', async () => {
    const { journal, snapshots, incomingIds, ...memory } = createMemoryJournal();
    const clock = createFixedClock(NOW);
    const logger = createSilentLogger();
    const ports = { journal, snapshots, incomingIds, clock, logger, meter: createMemoryMeter() };
    const authority = { fingerprint: AUTHORITY, notBefore: NOW - 3000 * DAY, notAfter: NOW + 20 * DAY };
    const server = (notAfter: number) => () => ({ fingerprint: SERVER, notBefore: NOW - 60 * DAY, notAfter });
    for (const end of [NOW + 20 * DAY, NOW + 5 * DAY, NOW + 5 * DAY]) {
      const directories = [createTenantDirectory(ports), createTenantDirectory(ports)];
      const nodes = directories.map((tenants) =>
        tellPlatformExpiry({ tenants, authority, server: server(end), logger }),
      );
      await Promise.all(nodes.map((node) => node.check()));
      await Promise.all([...nodes, ...directories].map((part) => part.stop()));
    }
    const told = memory.stream('tenant/default').map(({ payload }) => JSON.parse(payload.toString()));
    expect(told).toEqual([
      { of: 'authority', fingerprint: AUTHORITY, notAfter: NOW + 20 * DAY, days: 30 },
      { of: 'server', fingerprint: SERVER, notAfter: NOW + 5 * DAY, days: 7 },
    ]);
  });
});
