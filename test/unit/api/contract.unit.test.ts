import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mountOperations } from '../../../src/api/router.js';
import { PASSWORD, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { document, examplesOf, operations, preparePath } from './operation-fixtures.js';
import { answerFaults } from './response-checker.js';

describe('the contract', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/users', { name: 'admin', role: 'admin', password: PASSWORD });
  });
  afterAll(() => under.stop());

  const examples = operations.flatMap((operation) =>
    examplesOf(operation).map(({ name, value }) => ({ id: operation.id, name, operation, value })),
  );

  test.each(examples)('gives examples that a running server takes: $id, $name', async (example) => {
    const { operation, name, value } = example;
    const path = await preparePath(under, operation, `${operation.id}-${name}`);
    const ofSession = operation.path.startsWith('/api/v1/sessions/current');
    const as = ofSession ? under.asPage(await under.signIn(`person-of-${name}`, 'viewer')) : under.admin;
    const answer = operation.method === 'get' ? await as.get(path) : await as[operation.method](path, value);
    expect(answer.status).toBeLessThan(300);
    expect(answerFaults(operation.path, operation.method, answer)).toEqual([]);
  });

  test('is what /openapi.json shows', async () => {
    expect((await under.as(undefined).get('/openapi.json')).body).toEqual(document);
  });

  test('has an operation for each handler and a handler for each operation, or nothing starts', () => {
    const app = {
      get: () => app,
      post: () => app,
      patch: () => app,
      delete: () => app,
      all: () => app,
      use: () => app,
    };
    const options = { app, contract: { document, operations }, handlers: {}, publicHandlers: {} };
    expect(() => mountOperations(options as never)).toThrow('no handler for the operation listDevices');
    const more = { ...options, contract: { document, operations: [] }, handlers: { unknownThing: () => undefined } };
    expect(() => mountOperations(more as never)).toThrow('handlers without an operation in openapi.yaml: unknownThing');
  });

  test('finds an answer that does not fit it', () => {
    const faults = (status: number, type: string, text: string): readonly string[] =>
      answerFaults('/api/v1/devices', 'get', { status, type, text });
    expect(faults(200, 'application/json', '{"items":[],"next":null}')).toEqual([]);
    expect(faults(200, 'application/json', '{"items":[{"id":"a"}],"next":null}')).not.toEqual([]);
    expect(faults(200, 'application/json', '{"items":[],"next":null,"more":1}')).not.toEqual([]);
    expect(faults(202, 'application/json', '{}')).not.toEqual([]);
    expect(faults(200, 'text/html', '<p>')).not.toEqual([]);
  });
});
