import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ADMIN_TOKEN, PASSWORD, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';
import { document, operations, parameterExamplesOf, preparePath } from './operation-fixtures.js';

interface ListDocument {
  readonly paths: Readonly<Record<string, { readonly get: { readonly responses: { readonly 200: Answer } } }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties: object }>>;
    readonly parameters: Readonly<Record<string, { readonly schema: { readonly items: { readonly enum: string[] } } }>>;
  };
}
interface Answer {
  readonly content?: {
    readonly 'application/json'?: {
      readonly schema: { readonly properties?: { readonly items?: { readonly items: { readonly $ref: string } } } };
    };
  };
}

const AUTHORIZATION = { Authorization: `Bearer ${ADMIN_TOKEN}` };
const contract = document as unknown as ListDocument;
const schemaOfItems = (path: string): string | undefined =>
  contract.paths[path]?.get.responses[200].content?.['application/json']?.schema.properties?.items?.items.$ref;
const lists = operations
  .filter(({ method, path }) => method === 'get' && schemaOfItems(path) !== undefined)
  .map((operation) => ({ id: operation.id, operation, schema: schemaOfItems(operation.path)!.split('/').at(-1)! }));

describe('fields', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/users', { name: 'admin', role: 'admin', password: PASSWORD });
  });
  afterAll(() => under.stop());

  test.each(lists)('of $id are the members of its items, each of them and no other', ({ operation, schema }) => {
    const { paths } = document as { readonly paths: Record<string, { get: { parameters: { $ref?: string }[] } }> };
    const parameter = paths[operation.path]!.get.parameters.find(({ $ref }) => $ref?.endsWith('Fields'));
    const names = contract.components.parameters[parameter!.$ref!.split('/').at(-1)!]!.schema.items.enum;
    expect([...names].sort()).toEqual(Object.keys(contract.components.schemas[schema]!.properties).sort());
  });

  test.each(lists)('leave nothing else in the items of $id', async ({ operation }) => {
    const path = await preparePath(under, operation, `fields-${operation.id}`);
    if (path.includes('/certificates')) {
      await under.admin.post(`/api/v1/devices/fields-${operation.id}/certificates`, { generateKey: true });
    }
    const { value } = parameterExamplesOf(operation).find(({ name }) => name === 'fields')!;
    const whole = (await under.admin.get(path)).body.items as Record<string, unknown>[];
    const { status, body } = await under.admin.get(`${path}?fields=${value}`);
    const expected = whole.map((item) =>
      Object.fromEntries(Object.entries(item).filter(([name]) => value.split(',').includes(name))),
    );
    expect([status, body.items]).toEqual([200, expected]);
  });

  test('that no item has are refused with those that there are', async () => {
    for (const fields of ['id,nmae', 'id,id', '', '__proto__']) {
      const { status, body } = await under.admin.get(`/api/v1/devices?fields=${fields}`);
      expect([status, body.code, body.errors[0].pointer]).toEqual([400, 'PARAMETER_INVALID', 'fields']);
    }
    const { body } = await under.admin.get('/api/v1/devices?fields=nmae');
    expect(body.detail).toMatch(/^The parameter fields must be one of id, type, name, .*; did you mean "name"\?$/);
  });

  test('may change from page to page: a cursor is bound to what is listed, not to how much is told of it', async () => {
    for (const id of ['page-1', 'page-2']) await under.admin.post('/api/v1/devices', { id });
    const first = await under.admin.get('/api/v1/devices?search=page-&limit=1&fields=id');
    const second = await under.admin.get(
      `/api/v1/devices?search=page-&limit=1&cursor=${first.body.next}&fields=enabled`,
    );
    expect([first.body.items, second.body.items]).toEqual([[{ id: 'page-1' }], [{ enabled: true }]]);
  });

  test('choose from events in pages, lines and server-sent events alike, with the payload byte for byte', async () => {
    await under.record('device/default/exact', 'TelemetryRecorded', { values: { a: 1 } });
    const url = `${under.url}/api/v1/events?device=exact&limit=1&after=0:0&fields=payload,sequence`;
    const read = async (accept: string): Promise<string> => {
      const answer = await fetch(url, { headers: { ...AUTHORIZATION, Accept: accept } });
      return answer.text();
    };
    const event = '{"payload":{"values":{"a":1}},"sequence":1}';
    expect(await read('application/json')).toContain(`{"items":[${event}],`);
    expect(await read('application/x-ndjson')).toBe(`${event}\n`);
    expect(await read('text/event-stream')).toContain(`data: ${event}\n`);
  });

  test.each(['/api/v1/events', '/api/v1/audit', '/api/v1/devices/csv/events'])(
    'are for JSON: a table of %s keeps its columns',
    async (path) => {
      await under.admin.post('/api/v1/devices', { id: 'csv' });
      const field = path.endsWith('audit') ? 'at' : 'type';
      const answer = await under.admin.get(`${path}?fields=${field}`).set('Accept', 'text/csv');
      expect([answer.status, answer.body.code]).toEqual([400, 'PARAMETER_INVALID']);
    },
  );

  test('choose from the lines of the audit too', async () => {
    const answer = await fetch(`${under.url}/api/v1/audit?limit=1&fields=action`, {
      headers: { ...AUTHORIZATION, Accept: 'application/x-ndjson' },
    });
    expect(Object.keys(JSON.parse(await answer.text()) as object)).toEqual(['action']);
  });
});
