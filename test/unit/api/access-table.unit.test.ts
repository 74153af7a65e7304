import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Operation } from '../../../src/api/contract.js';
import { ADMIN_TOKEN, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { examplesOf, operations, preparePath } from './operation-fixtures.js';
import { answerFaults } from './response-checker.js';

type Row = readonly [
  anonymous: number,
  malformed: number,
  expired: number,
  revoked: number,
  viewer: number,
  operator: number,
  admin: number,
  otherTenant: number,
];

const READ: Row = [401, 401, 401, 401, 200, 200, 200, 404];
const LIST: Row = [401, 401, 401, 401, 200, 200, 200, 200];
const PUBLIC: Row = [200, 200, 200, 200, 200, 200, 200, 200];
const adminOnly = (good: number, other = 404): Row => [401, 401, 401, 401, 403, 403, good, other];

/**
 * SEC-70: each operation with each kind of caller. `otherTenant` is an admin of another tenant who names things of ours. The
 * things named by paths exist; bodies are the first example of the contract.
 */
const TABLE: Readonly<Record<string, Row>> = {
  listDevices: LIST,
  createDevice: adminOnly(201, 201),
  getDevice: READ,
  patchDevice: adminOnly(200),
  deleteDevice: adminOnly(204),
  listCertificates: READ,
  issueCertificate: adminOnly(201),
  revokeCertificate: adminOnly(204),
  fetchBundle: adminOnly(200),
  listDeviceTokens: READ,
  issueDeviceToken: adminOnly(201),
  revokeDeviceToken: adminOnly(204),
  listDeviceEvents: READ,
  listEvents: LIST,
  listTokens: adminOnly(200, 200),
  issueToken: adminOnly(201, 201),
  revokeToken: adminOnly(204),
  getSystemStatus: LIST,
  verifyRelay: [401, 401, 401, 401, 403, 200, 200, 200],
  getHealth: PUBLIC,
  getReadiness: PUBLIC,
  getMetrics: PUBLIC,
  getCertificateAuthority: PUBLIC,
  getContract: PUBLIC,
};
const CALLERS = ['anonymous', 'malformed', 'expired', 'revoked', 'viewer', 'operator', 'admin', 'otherTenant'] as const;

describe('SEC-70 access', () => {
  let under: ApiUnderTest;
  const tokens: Record<(typeof CALLERS)[number], string | undefined> = {
    anonymous: undefined,
    malformed: 'flt_ is not one word',
    expired: '',
    revoked: '',
    viewer: '',
    operator: '',
    admin: '',
    otherTenant: '',
  };
  let now = Date.now();

  beforeAll(async () => {
    under = await startApiUnderTest({
      clock: { now: () => now, monotonic: () => performance.now() },
      limits: {
        perToken: { perSecond: 1000, burst: 10_000 },
        perAddress: { perSecond: 1000, burst: 10_000 },
      },
    });
    const expiresAt = new Date(now + 60_000).toISOString();
    tokens.expired = (await under.admin.post('/api/v1/tokens', { role: 'admin', expiresAt })).body.token;
    now += 120_000;
    const revoked = await under.issueToken('admin');
    tokens.revoked = revoked.token;
    await under.admin.delete(`/api/v1/tokens/${revoked.id}`);
    for (const role of ['viewer', 'operator', 'admin'] as const) tokens[role] = (await under.issueToken(role)).token;
    tokens.otherTenant = (await under.issueToken('admin', 'rival')).token;
  });
  afterAll(() => under.stop());

  function exampleBody(operation: Operation, caller: string): object | undefined {
    const [example] = examplesOf(operation);
    return operation.id === 'createDevice' ? { ...example?.value, id: `created-by-${caller}` } : example?.value;
  }

  test('has a row for each operation of the contract, and no other', () => {
    expect(Object.keys(TABLE).sort()).toEqual(operations.map(({ id }) => id).sort());
  });

  const cases = operations.flatMap((operation) =>
    CALLERS.map((caller, index) => ({ operation, caller, id: operation.id, expected: TABLE[operation.id]?.[index] })),
  );
  test.each(cases)('SEC-70 $id by $caller gives $expected', async ({ operation, caller, expected }) => {
    const path = await preparePath(under, operation, `${operation.id}-${caller}`);
    const body = exampleBody(operation, caller);
    const as = under.as(tokens[caller]);
    const answer = operation.method === 'patch' ? await as.patch(path, body!) : await as[operation.method](path, body);
    expect(answer.status).toBe(expected);
    expect(answerFaults(operation.path, operation.method, answer)).toEqual([]);
  });

  test('SEC-71 an id of another tenant and an unknown id give the same answer, byte for byte', async () => {
    await under.admin.post('/api/v1/devices', { id: 'ours' });
    const rival = under.as(tokens.otherTenant, { 'X-Request-Id': 'same' });
    for (const rest of ['', '/certificates', '/tokens', '/events']) {
      const theirs = await rival.get(`/api/v1/devices/ours${rest}`);
      const unknown = await rival.get(`/api/v1/devices/none${rest}`);
      expect(theirs.text.replaceAll('ours', 'none')).toBe(unknown.text);
      expect(theirs.status).toBe(404);
    }
  });

  test('SEC-71 only a system token may name a tenant', async () => {
    const named = { 'Fleetlog-Tenant': 'rival' };
    expect((await under.as(tokens.admin, named).get('/api/v1/devices')).body.code).toBe('ROLE_INSUFFICIENT');
    expect((await under.as(tokens.admin, named).get('/api/v1/devices')).status).toBe(403);
    expect((await under.as(ADMIN_TOKEN, named).get('/api/v1/devices')).status).toBe(200);
  });
});
