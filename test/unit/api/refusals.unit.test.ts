import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import supertest from 'supertest';
import { ADMIN_TOKEN, startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

const BEARER = { Authorization: `Bearer ${ADMIN_TOKEN}` };

describe('what REST refuses', () => {
  let under: ApiUnderTest;
  beforeAll(async () => {
    under = await startApiUnderTest();
    await under.admin.post('/api/v1/devices', { id: 'pump-7' });
  });
  afterAll(() => under.stop());

  const postRaw = (body: string | Buffer, type = 'application/json'): supertest.Test =>
    supertest(under.url).post('/api/v1/devices').set(BEARER).set('Content-Type', type).send(body);

  test.each(['tenant', 'role', 'sequence', 'fingerprint', 'createdAt', 'revision', '__proto__', 'constructor'])(
    'SEC-72 an unknown or server-owned member: %s',
    async (name) => {
      const refused = await postRaw(`{"id":"x-1","${name}":{"polluted":1}}`);
      expect([refused.status, refused.body.code]).toEqual([422, 'PAYLOAD_INVALID']);
      expect(refused.body.errors[0].pointer).toBe(`/${name}`);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  test('SEC-72 a mistyped member, with the nearest name; every fault of a body is told at once', async () => {
    const refused = await under.admin.post('/api/v1/devices', { id: 'a/b', nmae: 'x', gateway: 'yes' });
    expect(refused.body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/gateway',
      '/id',
      '/nmae',
    ]);
    expect(refused.text).toContain('did you mean \\"name\\"?');
  });

  test('SEC-72 a value of another type: nothing is coerced', async () => {
    expect((await under.admin.post('/api/v1/devices', { id: 'x-2', gateway: 'true' })).status).toBe(422);
    expect((await under.admin.post('/api/v1/devices', { id: 7 })).status).toBe(422);
    expect((await postRaw('"x-2"')).status).toBe(422);
    expect((await postRaw('null')).status).toBe(422);
  });

  test.each([
    ['application/x-www-form-urlencoded', 'id=x'],
    ['multipart/form-data; boundary=b', '--b\r\n\r\n'],
    ['text/plain', '{"id":"x"}'],
    ['application/merge-patch+json', '{"id":"x"}'],
    ['application/json; charset=utf-16', '{"id":"x"}'],
  ])('SEC-73 a body of media type %s', async (type, body) => {
    const refused = await postRaw(body, type);
    expect([refused.status, refused.body.code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
  });

  test('SEC-73 a compressed body, and a body where none belongs', async () => {
    const zipped = gzipSync('{"id":"x"}');
    const compressed = await supertest(under.url)
      .post('/api/v1/devices')
      .set({ ...BEARER, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
      .serialize(() => zipped as unknown as string)
      .send(zipped);
    expect(compressed.status).toBe(415);
    const verify = await under.admin.post('/api/v1/system/relay/verify', { x: 1 });
    expect(verify.status).toBe(415);
  });

  test.each([
    ['/api/v1/devices?limit=1&limit=2', 'limit'],
    ['/api/v1/devices?search[a]=1', 'search[a]'],
    ['/api/v1/devices?serach=1', 'serach'],
    ['/api/v1/devices?limit=0', 'limit'],
    ['/api/v1/devices?limit=251', 'limit'],
    ['/api/v1/devices?limit=1e2', 'limit'],
    ['/api/v1/devices?sort=password', 'sort'],
    ['/api/v1/devices/pump-7/events?from=yesterday', 'from'],
    ['/api/v1/events?follow=perhaps', 'follow'],
  ])('SEC-73 a repeated, nested, unknown or bad parameter: %s', async (path, name) => {
    const refused = await under.admin.get(path);
    expect([refused.status, refused.body.code]).toEqual([400, 'PARAMETER_INVALID']);
    expect(refused.body.errors).toEqual([expect.objectContaining({ pointer: name })]);
  });

  test('the page limit takes n - 1 and n', async () => {
    expect((await under.admin.get('/api/v1/devices?limit=249')).status).toBe(200);
    expect((await under.admin.get('/api/v1/devices?limit=250')).status).toBe(200);
  });

  test.each([
    'n_object_trailing_comma {"id":"x",}',
    'n_lone_surrogate {"id":"x","name":"\\ud800"}',
    'n_nul {"id":"x","name":"\\u0000"}',
    'n_empty ',
  ])('SEC-110 JSON that is none of ours: %s', async (named) => {
    const refused = await postRaw(named.slice(named.indexOf(' ') + 1) || ' ');
    expect([refused.status, refused.body.code]).toEqual([422, 'PAYLOAD_INVALID']);
  });

  test('SEC-110 JSON nested 100,000 deep', async () => {
    expect((await postRaw(`{"id":"x","attributes":${'['.repeat(100_000)}`)).status).toBe(422);
  });

  test('a body of 1 MiB is read, one byte more is 413', async () => {
    const pad = (bytes: number): string => `{"id":"x"${' '.repeat(bytes - 10)}`;
    expect((await postRaw(`${pad(1024 * 1024 - 1)}}`)).status).not.toBe(413);
    const refused = await postRaw(`${pad(1024 * 1024 + 1)}}`);
    expect([refused.status, refused.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test('a URL beyond 8 KiB is 414, headers beyond 16 KiB are 431', async () => {
    const long = await under.admin.get(`/api/v1/devices?search=${'x'.repeat(8 * 1024)}`);
    expect([long.status, long.body.code]).toEqual([414, 'URL_TOO_LONG']);
    expect((await under.as(ADMIN_TOKEN, { 'X-Large': 'x'.repeat(16 * 1024) }).get('/healthz')).status).toBe(431);
  });

  test('an address that does not exist is 404, a method that it does not take 405 with Allow', async () => {
    expect((await under.admin.get('/api/v1/nothing')).body.code).toBe('NOT_FOUND');
    expect((await under.admin.get('/api/v1/devices/%')).status).toBe(400);
    expect((await under.admin.get('/api/v1/devices/a%2Fb')).body.code).toBe('DEVICE_NOT_FOUND');
    const refused = await supertest(under.url).put('/api/v1/devices').set(BEARER);
    expect([refused.status, refused.body.code, refused.headers['allow']]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'GET, HEAD, POST',
    ]);
    expect((await supertest(under.url).options('/api/v1/devices')).status).toBe(405);
  });

  test('an answer in a media type that there is not is 406', async () => {
    const refused = await under.as(ADMIN_TOKEN, { Accept: 'text/xml' }).get('/api/v1/events');
    expect([refused.status, refused.body.code, refused.type]).toEqual([
      406,
      'NOT_ACCEPTABLE',
      'application/problem+json',
    ]);
  });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io'])(
    'SEC-78 the host name %j on a server on loopback',
    async (host) => {
      const { port } = under.server;
      const status = await new Promise((resolve, reject) => {
        httpRequest({ port, path: '/healthz', headers: { Host: host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(421);
    },
  );

  test.each(['localhost', '127.0.0.1', '[::1]', 'localhost:8080'])('SEC-78 serves the host name %s', async (host) => {
    expect((await supertest(under.url).get('/healthz').set('Host', host)).status).toBe(200);
  });

  test('SEC-79 every answer carries the protecting headers and names no framework', async () => {
    for (const path of ['/healthz', '/api/v1/nothing', '/api/v1/devices']) {
      const { headers } = await under.admin.get(path);
      expect(headers['content-security-policy']).toBe(
        "default-src 'self';img-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('a request keeps its own harmless id and gets another for a harmful one', async () => {
    const named = await under.as(ADMIN_TOKEN, { 'X-Request-Id': 'abc-1' }).get('/api/v1/nothing');
    expect([named.headers['x-request-id'], named.body.requestId]).toEqual(['abc-1', 'abc-1']);
    const odd = await under.as(ADMIN_TOKEN, { 'X-Request-Id': 'a b\tc' }).get('/api/v1/nothing');
    expect(odd.body.requestId).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });

  describe('SEC-83 what never becomes a request, or never ends, is told so, and others are served meanwhile', () => {
    let hurried: ApiUnderTest;
    beforeAll(async () => {
      hurried = await startApiUnderTest({ slowSenders: { headersMs: 300, requestMs: 600, lookMs: 50 } });
    });
    afterAll(() => hurried.stop());

    const POST = 'POST /api/v1/devices HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    test.each([
      ['headers that never end', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 408, 'REQUEST_TIMEOUT'],
      [
        'a body that never ends',
        `${POST}Authorization: Bearer ${ADMIN_TOKEN}\r\nContent-Length: 99\r\n\r\n{"id"`,
        408,
        'REQUEST_TIMEOUT',
      ],
      [
        'headers that are too large',
        `GET / HTTP/1.1\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`,
        431,
        'HEADERS_TOO_LARGE',
      ],
      ['a TLS handshake', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', 400, 'REQUEST_MALFORMED'],
    ])('%s', async (_what, sent, status, code) => {
      const socket = connect(hurried.server.port, '127.0.0.1').setEncoding('latin1');
      socket.write(sent, 'latin1');
      expect((await supertest(hurried.url).get('/healthz')).status).toBe(200);
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head).toContain('application/problem+json');
      expect(JSON.parse(body)).toMatchObject({
        status,
        code,
        hint: expect.stringMatching(/./),
        requestId: expect.stringMatching(/./),
      });
    });

    test('a thousand idle connections', async () => {
      const idle = Array.from({ length: 1_000 }, () => connect(hurried.server.port, '127.0.0.1'));
      await Promise.all(idle.map((socket) => once(socket, 'connect')));
      expect((await hurried.admin.get('/api/v1/devices')).status).toBe(200);
      for (const socket of idle) socket.destroy();
    });
  });
});

describe('faults of ours and bounds of others', () => {
  let under: ApiUnderTest | undefined;
  afterEach(async () => {
    await under?.stop();
    under = undefined;
  });

  test('SEC-82 a thrown bug is 500 with a request id; the log has its cause, the answer has not', async () => {
    under = await startApiUnderTest({
      status: () => {
        throw new Error('secret detail of /srv/db');
      },
    });
    const refused = await under.admin.get('/api/v1/system/status');
    expect([refused.status, refused.body.code]).toEqual([500, 'INTERNAL']);
    expect(refused.text).not.toContain('secret detail');
    const line = under.logger.lines.find(({ level }) => level === 'error');
    expect(line?.fields).toMatchObject({ requestId: refused.body.requestId, code: 'INTERNAL' });
    expect((line?.fields['err'] as Error).message).toContain('secret detail');
  });

  test('SEC-140 no token is in any log line', async () => {
    under = await startApiUnderTest();
    const { token } = await under.issueToken('viewer');
    await under.as(token).post('/api/v1/devices', { id: 'x' });
    await under.as(`${token}x`).get('/api/v1/devices');
    under.memory.faults.readsFail = true;
    await under.as(token).get('/api/v1/events');
    expect(under.logger.lines.length).toBeGreaterThan(2);
    const text = under.logger.lines.map((line) => JSON.stringify(line)).join('\n');
    expect(text).not.toContain(token);
    expect(text).not.toContain(ADMIN_TOKEN);
  });

  test('a token beyond its rate waits as Retry-After says, another token does not', async () => {
    under = await startApiUnderTest({ limits: { perToken: { perSecond: 0.01, burst: 3 } } });
    const { token } = await under.issueToken('viewer');
    const statuses: number[] = [];
    for (let call = 0; call < 4; call++) statuses.push((await under.as(token).get('/api/v1/devices')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const { headers } = await under.admin.get('/api/v1/devices');
    expect(headers).toMatchObject({ 'ratelimit-policy': '"requests";q=3;w=300', ratelimit: '"requests";r=1;t=200' });
    const refused = await under.as(token).get('/api/v1/devices');
    expect(refused.body.code).toBe('RATE_LIMITED');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1);
    expect((await under.admin.get('/api/v1/devices')).status).toBe(200);
  });

  test('guessing tokens is slowed by address; health is always told', async () => {
    under = await startApiUnderTest({ limits: { perAddress: { perSecond: 0.01, burst: 2 } } });
    const guess = (): supertest.Test => under!.as('flt_guess').get('/api/v1/devices');
    expect([(await guess()).status, (await guess()).status, (await guess()).status]).toEqual([401, 401, 429]);
    expect((await under.as(undefined).get('/healthz')).status).toBe(200);
    expect((await under.admin.get('/api/v1/devices')).status).toBe(200);
  });

  test('SEC-89 beyond loopback metrics and the details of readiness need a token', async () => {
    under = await startApiUnderTest({ loopback: false });
    const anonymous = under.as(undefined, { Host: 'fleet.example' });
    expect((await anonymous.get('/metrics')).status).toBe(401);
    expect((await anonymous.get('/readyz')).body).toEqual({ status: 'ready' });
    expect((await anonymous.get('/healthz')).text).toBe('ok');
    expect((await under.admin.get('/metrics')).text).toContain('fleetlog_test 1');
    expect((await under.admin.get('/readyz')).body.parts).toBeDefined();
  });

  test('readiness is 503 when the journal takes nothing, and degraded with 200 when Kafka is away', async () => {
    let ready = false;
    under = await startApiUnderTest({
      ready: () => ({ ready, parts: { kafka: { state: 'degraded', reason: 'KAFKA_AWAY' } } }),
    });
    const unready = await under.as(undefined).get('/readyz');
    expect([unready.status, unready.body.status]).toEqual([503, 'unready']);
    ready = true;
    const degraded = await under.as(undefined).get('/readyz');
    expect([degraded.status, degraded.body.status]).toEqual([200, 'degraded']);
  });

  test('SEC-12 X-Forwarded-For counts from a trusted proxy only', async () => {
    for (const [trustedProxies, expected] of [
      [[], '127.0.0.1'],
      [['127.0.0.1'], '203.0.113.9'],
    ] as const) {
      under = await startApiUnderTest({ trustedProxies });
      await under.as(ADMIN_TOKEN, { 'X-Forwarded-For': '203.0.113.9' }).post('/api/v1/devices', { id: 'via' });
      const [event] = under.memory.stream('device/default/via');
      expect(JSON.parse(event!.metadata.toString()).address).toBe(expected);
      await under.stop();
    }
    under = undefined;
  });

  test('relay verification is refused while Kafka is off, and runs once for all who ask', async () => {
    under = await startApiUnderTest({ verifyRelay: undefined });
    expect((await under.admin.post('/api/v1/system/relay/verify')).body.code).toBe('RELAY_OFF');
    await under.stop();
    let runs = 0;
    const report = { records: 1, gaps: 0, duplicates: 0, inversions: 0, differences: 0, upTo: {}, first: null };
    under = await startApiUnderTest({
      verifyRelay: async () => {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return report;
      },
    });
    const verify = (): supertest.Test => under!.admin.post('/api/v1/system/relay/verify');
    expect((await Promise.all([verify(), verify()])).map(({ status }) => status)).toEqual([200, 200]);
    expect(runs).toBe(1);
  });
});

test('a node at its bound of what may wait refuses writes with a time to come back, and serves reads', async () => {
  let overloaded = false;
  const under = await startApiUnderTest({ overloaded: () => overloaded });
  try {
    expect((await under.admin.post('/api/v1/devices', { id: 'before' })).status).toBe(201);
    overloaded = true;
    const refused = await under.admin.post('/api/v1/devices', { id: 'during' });
    expect([refused.status, refused.body.code]).toEqual([503, 'OVERLOADED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await under.admin.get('/api/v1/devices/before')).status).toBe(200);
    overloaded = false;
    expect((await under.admin.get('/api/v1/devices/during')).status).toBe(404);
  } finally {
    await under.stop();
  }
});
