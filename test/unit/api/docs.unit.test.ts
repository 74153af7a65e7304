import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ERRORS } from '../../../src/actors/kernel/errors.js';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

let under: ApiUnderTest;
beforeAll(async () => {
  under = await startApiUnderTest({ limits: { perAddress: { perSecond: 1_000, burst: 1_000 } } });
});
afterAll(() => under.stop());

const page = (path: string) => under.as(undefined, { Accept: 'text/html' }).get(path);

test('every code of the catalogue has the page that the type of its problem names', async () => {
  const { body } = await under.admin.get('/api/v1/devices/none');
  expect(body.type).toBe('/docs/errors/DEVICE_NOT_FOUND');
  for (const [code, [title]] of Object.entries(ERRORS)) {
    const { status, text } = await page(`/docs/errors/${code}`);
    expect([code, status]).toEqual([code, 200]);
    expect(text).toContain(title.replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
  }
  expect((await page('/docs/errors/NO_SUCH_CODE')).status).toBe(404);
  expect((await page('/docs/errors/constructor')).status).toBe(404);
});

test('SEC-79 the pages hold nothing inline, and all that they load is served here', async () => {
  for (const path of ['/docs', '/docs/errors/RATE_LIMITED']) {
    const { text, headers } = await page(path);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(text).not.toMatch(/<style|style=|<script>|\son\w+=|https?:/);
    for (const [, file] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect([file, (await under.as(undefined).get(file!)).status]).toEqual([file, 200]);
    }
  }
});
