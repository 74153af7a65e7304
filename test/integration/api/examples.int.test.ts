import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openCertificateAuthority,
  type OpenedCertificateAuthority,
} from '../../../src/transport/pki/certificate-authority.js';
import { createSilentLogger, realClock } from '../../support/fake-ports.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { ADMIN_TOKEN, PASSWORD } from '../../unit/api/api-under-test.js';
import { examplesOf, operations, parameterExamplesOf, preparePath } from '../../unit/api/operation-fixtures.js';
import { answerFaults } from '../../unit/api/response-checker.js';
import { startNode, type Node } from './node-on-postgres.js';

/** What a parameter with a closed list of values or none at all can't hold, and a hostile client sends. */
const HOSTILE = [
  "'",
  "' or '1'='1",
  "x'; drop table device_index; --",
  '"; select pg_sleep(9)',
  '%27',
  '\\',
  '$1',
  '🦊',
];

describe('the contract on a running server', () => {
  let testDatabase: TestDatabase;
  let folder: string;
  let authority: OpenedCertificateAuthority;
  let node: Node;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-examples-'));
    authority = await openCertificateAuthority({
      dataDir: folder,
      passphrase: 'a passphrase for tests',
      clock: realClock,
      logger: createSilentLogger(),
      publicHosts: ['localhost'],
      workerUrl: new URL('../../../dist/transport/pki/signing-worker.js', import.meta.url),
    });
    node = await startNode(testDatabase.url, { authority, limits: { perToken: { perSecond: 1e6, burst: 1e6 } } });
    await node.under.admin.post('/api/v1/users', { name: 'admin', role: 'admin', password: PASSWORD });
  });
  afterAll(async () => {
    await node.stop();
    await authority.stop();
    await testDatabase.drop();
    await rm(folder, { recursive: true });
  });

  const examples = operations.flatMap((operation) =>
    examplesOf(operation).map(({ name, value }) => ({ id: operation.id, name, operation, value })),
  );

  test.each(examples)('takes the example of $id: $name', async ({ operation, name, value }) => {
    const { under } = node;
    const path = await preparePath(under, operation, `${operation.id}-${name}`);
    const ofSession = operation.path.startsWith('/api/v1/sessions/current');
    const as = ofSession ? under.asPage(await under.signIn(`person-of-${name}`.toLowerCase(), 'viewer')) : under.admin;
    const answer = operation.method === 'get' ? await as.get(path) : await as[operation.method](path, value);
    expect(answer.status).toBeLessThan(300);
    expect(answerFaults(operation.path, operation.method, answer)).toEqual([]);
  });

  const questions = operations.flatMap((operation) =>
    parameterExamplesOf(operation).map((example) => ({ ...example, id: operation.id, operation })),
  );

  test.each(questions)('takes the example of $id: $name=$value', async ({ operation, name, value }) => {
    const path = await preparePath(node.under, operation, `${operation.id}-${name}`);
    const answer = await node.under.admin.get(`${path}?${new URLSearchParams({ [name]: value }).toString()}`);
    expect(answer.status).toBe(200);
    const isPartial = name === 'fields';
    expect(answerFaults(operation.path, operation.method, answer, { isPartial })).toEqual([]);
  });

  const reads = operations.filter(
    ({ method, path, role }) => method === 'get' && role !== undefined && !path.includes('{fingerprint}'),
  );

  test.each(reads.map((operation) => ({ id: operation.id, operation })))(
    'SEC-87 $id takes a hostile parameter as text or refuses it, and nothing of it is run',
    async ({ operation }) => {
      const { under } = node;
      const path = await preparePath(under, operation, `hostile-${operation.id}`);
      const cookie = operation.path.startsWith('/api/v1/sessions/current')
        ? await under.signIn('hostile', 'viewer')
        : '';
      for (const { name, in: place } of operation.parameters.filter(({ in: where }) => where === 'query')) {
        expect(place).toBe('query');
        for (const value of HOSTILE) {
          const url = `${under.url}${path}?${new URLSearchParams({ [name]: value }).toString()}`;
          const headers = {
            ...(cookie ? { Cookie: cookie } : { Authorization: `Bearer ${ADMIN_TOKEN}` }),
            Accept: 'application/json',
          };
          const answer = await fetch(url, { headers });
          expect([200, 400, 404, 422]).toContain(answer.status);
          expect(await answer.text()).not.toMatch(/syntax error at|unterminated quoted|relation "/i);
        }
      }
      expect((await testDatabase.query('select from device_index')).length).toBeGreaterThan(0);
    },
  );
});
