import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Operation } from '../../../src/api/contract.js';
import { ADMIN_TOKEN, PASSWORD, startApiUnderTest, type ApiUnderTest, type Caller } from './api-under-test.js';
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
const SIGNED_IN = (good: number): Row => [401, 401, 401, 401, good, good, good, good];
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
  listConnections: READ,
  getTelemetry: READ,
  getLatestTelemetry: READ,
  listEvents: LIST,
  listTokens: adminOnly(200, 200),
  issueToken: adminOnly(201, 201),
  revokeToken: adminOnly(204),
  listUsers: adminOnly(200, 200),
  createUser: adminOnly(201, 201),
  getUser: adminOnly(200),
  patchUser: adminOnly(200),
  deleteUser: adminOnly(204),
  listSessions: LIST,
  startSession: [201, 201, 201, 201, 201, 201, 201, 201],
  // A viewer and an operator end sessions of their own; the one that the path names is somebody else's.
  endSession: [401, 401, 401, 401, 404, 404, 204, 404],
  getCurrentSession: SIGNED_IN(404),
  endCurrentSession: SIGNED_IN(404),
  changeOwnPassword: SIGNED_IN(404),
  listAudit: adminOnly(200, 200),
  getSystemStatus: LIST,
  getSystemActivity: LIST,
  getAuthority: LIST,
  listAllCertificates: LIST,
  verifyRelay: [401, 401, 401, 401, 403, 200, 200, 200],
  getHealth: PUBLIC,
  getReadiness: PUBLIC,
  getMetrics: PUBLIC,
  getCertificateAuthority: PUBLIC,
  getContract: PUBLIC,
  getMessagingContract: PUBLIC,
  getReference: PUBLIC,
  getDocsFile: PUBLIC,
  getErrorPage: PUBLIC,
};
/** Where a session may do what a token may not: to be one's own session. */
const SESSION_TABLE: Readonly<Record<string, Row>> = {
  ...TABLE,
  getCurrentSession: SIGNED_IN(200),
  endCurrentSession: SIGNED_IN(204),
  changeOwnPassword: SIGNED_IN(201),
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
    await under.admin.post('/api/v1/users', { name: 'admin', role: 'admin', password: PASSWORD });
  });
  afterAll(() => under.stop());

  function exampleBody(operation: Operation, caller: string): object | undefined {
    const [example] = examplesOf(operation);
    switch (operation.id) {
      case 'createDevice':
        return { ...example?.value, id: `created-by-${caller}` };
      case 'createUser':
        return { ...example?.value, name: `created-by-${caller.toLowerCase()}` };
      default:
        return example?.value;
    }
  }

  async function statusOf(operation: Operation, as: Caller, caller: string): Promise<number> {
    const path = await preparePath(under, operation, `${operation.id}-${caller}`);
    const body = exampleBody(operation, caller);
    const answer = operation.method === 'patch' ? await as.patch(path, body!) : await as[operation.method](path, body);
    expect(answerFaults(operation.path, operation.method, answer)).toEqual([]);
    return answer.status;
  }

  let people = 0;
  /** A cookie of its own for each case: some operations end the session. */
  async function cookieOf(caller: (typeof CALLERS)[number]): Promise<string> {
    const name = `person-${(people += 1)}`;
    switch (caller) {
      case 'anonymous':
        return '';
      case 'malformed':
        return 'fleetlog=not-a-secret';
      case 'expired': {
        const cookie = await under.signIn(name, 'admin');
        now += 8 * 60 * 60 * 1000 + 1;
        return cookie;
      }
      case 'revoked': {
        const cookie = await under.signIn(name, 'admin');
        await under.asPage(cookie).delete('/api/v1/sessions/current');
        return cookie;
      }
      case 'otherTenant':
        return under.signIn(name, 'admin', 'rival');
      case 'viewer':
      case 'operator':
      case 'admin':
        return under.signIn(name, caller);
    }
  }

  test('has a row for each operation of the contract, and no other', () => {
    expect(Object.keys(TABLE).sort()).toEqual(operations.map(({ id }) => id).sort());
  });

  const casesOf = (table: Readonly<Record<string, Row>>) =>
    operations.flatMap((operation) =>
      CALLERS.map((caller, index) => ({ operation, caller, id: operation.id, expected: table[operation.id]?.[index] })),
    );

  test.each(casesOf(TABLE))('SEC-70 $id by token of $caller gives $expected', async (row) => {
    const as = under.as(tokens[row.caller]);
    expect(await statusOf(row.operation, as, `${row.caller}-token`)).toBe(row.expected);
  });

  test.each(casesOf(SESSION_TABLE))('SEC-70 $id by session of $caller gives $expected', async (row) => {
    const as = under.asPage(await cookieOf(row.caller));
    expect(await statusOf(row.operation, as, `${row.caller}-session`)).toBe(row.expected);
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
