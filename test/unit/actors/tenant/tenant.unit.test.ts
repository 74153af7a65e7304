import { describe, expect, test } from '@jest/globals';
import { tenantCodec } from '../../../../src/actors/tenant/codec.js';
import type { IssueTenantToken } from '../../../../src/actors/tenant/commands.js';
import { tenantDecider } from '../../../../src/actors/tenant/decider.js';
import { ROLES, tenantStream, type TenantEvent } from '../../../../src/actors/tenant/events.js';
import { createTenantDirectory } from '../../../../src/actors/tenant/tenant-actor.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../../support/fake-ports.js';
import { createMemoryJournal } from '../../../support/memory-journal.js';
import { readEventSchemas } from '../event-schemas.js';
import { specificationOf } from '../given.js';

const NOW = Date.UTC(2026, 5, 1);
const STREAM = tenantStream('default');
const { given, fold } = specificationOf(tenantDecider, STREAM, NOW);

const token: IssueTenantToken['token'] = {
  tokenId: 't1',
  sha256: 'ab'.repeat(32),
  role: 'operator',
  expiresAt: NOW + 1000,
  createdBy: 'system/admin',
};
const issue: IssueTenantToken = { type: 'IssueTenantToken', token, creatorRole: 'admin' };
const issued: TenantEvent = { type: 'TenantTokenIssued', data: token };
const revoke = { type: 'RevokeTenantToken', tokenId: 't1', reason: 'lost' } as const;
const revoked: TenantEvent = { type: 'TenantTokenRevoked', data: { tokenId: 't1', reason: 'lost' } };

describe('API tokens', () => {
  test('a token is issued once; a repeat changes nothing', () => {
    given().when(issue).then(issued);
    given(issued).when(issue).then();
  });

  test('SEC-81 nobody gives a higher role than their own', () => {
    for (const [own, creatorRole] of ROLES.entries()) {
      for (const [wanted, role] of ROLES.entries()) {
        const { decision } = given().when({ ...issue, creatorRole, token: { ...token, role } });
        expect(decision.rejection?.code).toBe(wanted > own ? 'ROLE_INSUFFICIENT' : undefined);
      }
    }
  });

  test('revoking is idempotent, of an unknown token refused', () => {
    given(issued).when(revoke).then(revoked);
    given(issued, revoked).when(revoke).then();
    given().when(revoke).refuses('TOKEN_NOT_FOUND');
  });

  test('the state keeps what became of each token', () => {
    expect(fold([issued, revoked]).tokens.get('t1')).toEqual({
      ...token,
      issuedAt: NOW,
      sequence: 1,
      revokedAt: NOW,
      revokeReason: 'lost',
    });
  });

  test('events fit their schemas', () => {
    const schemas = readEventSchemas('tenant');
    for (const event of [issued, { ...issued, data: { ...token, label: 'ci' } }, revoked]) {
      expect(schemas.get(`${event.type}.v${tenantCodec.versionOf(event.type)}`)?.(event.data)).toBe(true);
    }
  });
});

test('I9 a tenant is the same after recovery, from its snapshot and from its events', async () => {
  const memory = createMemoryJournal();
  const ports = { ...memory, clock: realClock, meter: createMemoryMeter(), logger: createSilentLogger() };
  const origin = { tenant: 'default', principal: 'system/admin' };
  const read = (directory: ReturnType<typeof createTenantDirectory>): Promise<unknown> =>
    directory.query(STREAM, (state) => structuredClone(state));
  const first = createTenantDirectory({ ...ports, limits: { snapshotEvery: 1 } });
  await first.request(STREAM, issue, origin);
  const live = await read(first);
  await first.stop();
  const second = createTenantDirectory(ports);
  expect(await read(second)).toEqual(live);
  await second.request(STREAM, revoke, origin);
  const afterwards = await read(second);
  await second.stop();
  memory.storedSnapshots.clear();
  const third = createTenantDirectory(ports);
  expect(await read(third)).toEqual(afterwards);
  await third.stop();
});
