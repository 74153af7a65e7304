import { describe, expect, test } from '@jest/globals';
import express from 'express';
import supertest from 'supertest';
import { ERRORS, FleetlogError, JournalUnavailable } from '../../../src/actors/kernel/errors.js';
import { refusalOf, sendProblem } from '../../../src/api/problem.js';

/** What a client reads when `thrown` ends its request. */
async function problemOf(thrown: unknown): Promise<supertest.Response> {
  const app = express();
  app.get('/here', (_request, response) => {
    sendProblem(response, thrown, 'request-1');
  });
  return supertest(app).get('/here?secret=1');
}

describe('a problem document', () => {
  test('has the members of RFC 9457 and our own, all from the one catalogue', async () => {
    const response = await problemOf(new FleetlogError('DEVICE_NOT_FOUND', 'There is no such device.'));
    expect(response.status).toBe(404);
    expect(response.type).toBe('application/problem+json');
    expect(JSON.parse(response.text)).toEqual({
      type: '/docs/errors/DEVICE_NOT_FOUND',
      title: ERRORS.DEVICE_NOT_FOUND[0],
      status: 404,
      code: 'DEVICE_NOT_FOUND',
      detail: 'There is no such device.',
      hint: ERRORS.DEVICE_NOT_FOUND[1],
      instance: '/here',
      requestId: 'request-1',
    });
  });

  test('names the member at fault when the domain has refused it', async () => {
    const response = await problemOf(refusalOf({ code: 'PAYLOAD_INVALID', detail: 'Too long.', pointer: '/name' }));
    expect(response.status).toBe(422);
    expect(JSON.parse(response.text).errors).toEqual([
      { pointer: '/name', code: 'PAYLOAD_INVALID', message: 'Too long.' },
    ]);
  });

  test.each([
    ['a thrown bug', new TypeError('reading x of undefined in /srv/app/secret.ts')],
    ['a unique violation of pg', Object.assign(new Error('duplicate key "journal_pkey"'), { code: '23505' })],
    ['a full disk', Object.assign(new Error('ENOSPC: /var/lib/postgres'), { code: 'ENOSPC' })],
    ['Postgres gone', new JournalUnavailable('connect ECONNREFUSED db.internal:5432')],
    ['a code outside the catalogue', refusalOf({ code: 'NEVER_HEARD_OF', detail: 'table journal_3 is odd' })],
    ['something that is no error', 'a string with /a/path'],
  ])('SEC-82 tells nothing from inside: %s', async (_name, thrown) => {
    const response = await problemOf(thrown);
    expect(response.status).toBeGreaterThanOrEqual(500);
    expect(response.text).not.toMatch(/secret|journal_|ECONN|ENOSPC|internal:|a\/path|undefined/);
    expect(JSON.parse(response.text)).toMatchObject({ requestId: 'request-1' });
  });

  test.each(['JOURNAL_UNAVAILABLE', 'SHUTTING_DOWN', 'OVERLOADED', 'RATE_LIMITED'] as const)(
    'says when to try again: %s',
    async (code) => {
      const response = await problemOf(new FleetlogError(code, 'No.'));
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    },
  );

  test('asks for a bearer token with 401', async () => {
    const response = await problemOf(new FleetlogError('TOKEN_MISSING', 'No.'));
    expect([response.status, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });
});
