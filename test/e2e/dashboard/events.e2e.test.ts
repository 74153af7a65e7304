import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import type { Browser, Locator, Page } from 'playwright-core';
import { accessibilityFaults, chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { connectDevice, enrol } from '../../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const ADMIN = { name: 'admin', password: 'three words and a 4' };
const MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
/** More than the rows of one page, and than any list keeps. */
const MANY = 640;
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('the event explorer', () => {
  let database: TestDatabase;
  let server: FleetlogProcess;
  let folder: string;
  let client: MqttClient;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-explorer-'));
    database = await createTestDatabase();
    server = await startFleetlog({
      dataDir: join(folder, 'data'),
      databaseUrl: database.url,
      env: { FLEETLOG_ADMIN_PASSWORD: ADMIN.password },
    });
    client = await connectDevice(await enrol(server, 'pump-7'), server.ready.mqttsPort!);
    await Promise.all(Array.from({ length: MANY }, (_, n) => telemetry(n)));
    browser = await launchBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser.close();
    await client.endAsync(true);
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  const telemetry = (temperature: number): Promise<unknown> =>
    client.publishAsync('devices/pump-7/telemetry', JSON.stringify({ temperature }), { qos: 1 });
  const open = async (path: string, options: Parameters<typeof watchedPage>[2] = {}) => {
    const watched = await watchedPage(browser, server.ready.url, options);
    await signIn(watched.page, ADMIN, path);
    return watched;
  };
  const list = (page: Page): Locator => page.getByRole('list', { name: 'Events' });
  const rows = (page: Page): Locator => list(page).locator('> li');

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    'fits the window with all of it open in the %s theme at %i px, and axe finds nothing',
    async (theme, width) => {
      const { context, page, faults } = await open('/events?types=CertificateIssued&shard=', { theme, width });
      await page.getByText('Shard, principal, correlation id, condition').click();
      await list(page).getByRole('button', { name: 'certificate issued' }).click();
      await page.getByText('No other event of the hour').waitFor();
      for (const menu of ['CertificateIssued', 'Copy as']) {
        await page.locator('summary', { hasText: menu }).click();
        expect(await accessibilityFaults(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      }
      expect(faults).toEqual([]);
      await context.close();
    },
    60_000,
  );

  test('is walked by keyboard alone: there, to a device, through the rows, into one and out again', async () => {
    const { context, page, faults } = await open('/');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('pump-7');
    await page.waitForURL(/device=pump-7/);
    await page.keyboard.press('Tab');
    await list(page).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const second = rows(page).nth(1);
    await page.keyboard.press('x');
    await page.getByRole('region', { name: 'Selected rows' }).getByText('1 row selected').waitFor();
    expect(await second.getByRole('checkbox').isChecked()).toBe(true);
    await page.keyboard.press('Enter');
    await second.getByText('Sequence in its stream').waitFor();
    expect(await second.getByLabel('payload', { exact: true }).textContent()).toContain('"temperature"');
    expect(await second.getByLabel('metadata', { exact: true }).textContent()).toContain('"hash"');
    expect(page.url()).toMatch(/event=\d+%3A\d+/);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    await page.keyboard.press('Escape');
    await second.getByText('Sequence in its stream').waitFor({ state: 'detached' });
    await page.keyboard.press('k');
    const first = await rows(page).first().getByRole('button').getAttribute('data-row-link');
    expect(await page.evaluate('document.activeElement.dataset.rowLink')).toBe(first);
    expect(faults).toEqual([]);
    await context.close();
  });

  test('holds every filter in its address, and tells a wrong condition below its column', async () => {
    const { context, page } = await open('/events');
    await page.getByText('All types').click();
    await page.getByRole('checkbox', { name: 'TelemetryRecorded' }).check();
    await page.getByRole('checkbox', { name: 'DeviceConnected' }).check();
    await page.keyboard.press('Escape');
    await page.getByText('Shard, principal, correlation id, condition').click();
    const condition = page.getByLabel('Condition (CEL)');
    await condition.fill('event.payload.values.temperature < 3.0 && event.tipe == "x"');
    await condition.press('Enter');
    const fault = page.getByRole('alert');
    await fault.waitFor();
    expect(await fault.textContent()).toContain('There is no event.tipe; did you mean event.type? (column 49)');
    expect((await page.locator('.field-caret').textContent())?.indexOf('↑')).toBe(48);

    await condition.fill('event.payload.values.temperature < 3.0');
    await condition.press('Enter');
    await page.getByText('3 of 3 events').waitFor();
    await page.reload();
    await page.getByText('3 of 3 events').waitFor();
    expect(await page.getByLabel('Condition (CEL)').inputValue()).toBe('event.payload.values.temperature < 3.0');
    expect(
      await rows(page)
        .getByText(/^temperature \d$/)
        .allTextContents(),
    ).toEqual(expect.arrayContaining(['temperature 0', 'temperature 1', 'temperature 2']));

    await page.goto('/events?principal=user/nobody');
    await page.getByText('Nothing matches.').waitFor();
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await rows(page).first().waitFor();
    await context.close();
  });

  test('rows that come do not move what the pointer is on, and a press shows them', async () => {
    const { context, page } = await open('/events?device=pump-7');
    const third = rows(page).nth(2);
    await third.hover();
    const before = { text: await third.textContent(), top: (await third.boundingBox())!.y };
    for (const name of ['first', 'second'])
      await client.publishAsync(`devices/pump-7/events/${name}`, '{}', { qos: 1 });
    const more = page.getByRole('button', { name: /^\d+ new events?$/ });
    await more.waitFor();
    expect({ text: await third.textContent(), top: (await third.boundingBox())!.y }).toEqual(before);
    await page.getByRole('button', { name: '2 new events' }).click();
    await rows(page).first().getByText('device event second').waitFor();
    await context.close();
  });

  test('reads further back on demand, never shows more than 500 rows, and goes on from there', async () => {
    const { context, page } = await open('/events?types=TelemetryRecorded');
    await rows(page).nth(99).waitFor();
    const further = page.getByRole('button', { name: 'Look further back' });
    for (let shown = 200; shown <= 500; shown += 100) {
      await further.click();
      await rows(page)
        .nth(shown - 1)
        .waitFor();
    }
    expect(await rows(page).count()).toBe(500);
    const placeAt = async (row: Locator): Promise<number> =>
      Number((await row.getByRole('button').getAttribute('data-row-link'))!.split(':')[1]);
    const oldest = await placeAt(rows(page).last());
    await page.getByRole('link', { name: 'Go on from the oldest row' }).click();
    await page.getByRole('region', { name: 'Older events' }).waitFor();
    expect(await placeAt(rows(page).first())).toBe(oldest - 1);
    await page.getByRole('link', { name: 'Back to the newest' }).click();
    await page.getByRole('region', { name: 'The newest first' }).waitFor();
    await context.close();
  });

  test('a link opens its event, also one that the list does not hold, and walks to what belongs to it', async () => {
    const headers = { 'X-Request-Id': 'one-piece-of-work' };
    expect((await server.call('POST', '/devices', { id: 'fan-1' }, headers)).status).toBe(201);
    expect((await server.call('PATCH', '/devices/fan-1', { name: 'Fan' }, headers)).status).toBe(200);
    const { items } = (await (await server.call('GET', '/devices/fan-1/events')).json()) as {
      items: { shard: number; position: number }[];
    };
    const [first] = items;
    const { context, page } = await open(`/events?device=pump-7&event=${first!.shard}:${first!.position}`);
    const panel = page.getByRole('region', { name: 'DeviceRegistered' });
    const chain = panel.getByRole('list', { name: 'Cause and effects' });
    await chain.getByText('this event').waitFor();
    await chain.getByRole('button', { name: 'device updated' }).click();
    await page.getByRole('region', { name: 'DeviceUpdated' }).waitFor();
    await page.getByRole('link', { name: 'this correlation id' }).click();
    await page.waitForURL(/correlationId=one-piece-of-work/);
    await context.close();
  });

  test('exports what is filtered, after telling how much that is', async () => {
    const { context, page } = await open('/events?filter=event.payload.values.temperature%20%3C%205.0');
    await rows(page).nth(4).waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export events' });
    expect(await dialog.textContent()).toContain('5 rows');
    const download = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Download' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^fleetlog-events-.*\.ndjson$/);
    const lines = (await readFile(await file.path(), 'utf8')).trimEnd().split('\n');
    const values = lines.map((line) => (JSON.parse(line) as { payload: { values: unknown } }).payload.values);
    expect(values).toEqual([0, 1, 2, 3, 4].map((temperature) => ({ temperature })));
    await dialog.waitFor({ state: 'detached' });
    await context.close();
  });

  test('the line for curl asks for the same, and holds no token', async () => {
    const { context, page } = await open('/events?device=pump-7&types=DeviceConnected');
    await page.locator('summary', { hasText: 'Copy as' }).click();
    const curl = (await page.getByLabel('as curl', { exact: true }).textContent())!;
    expect(curl).toContain('Bearer $FLEETLOG_TOKEN');
    const url = /'(http[^']+)'/.exec(curl)![1]!;
    const path = url.slice(url.indexOf('/api/v1') + '/api/v1'.length);
    const { items } = (await (await server.call('GET', path)).json()) as { items: { type: string }[] };
    expect(items.map(({ type }) => type)).toEqual(['DeviceConnected']);
    expect(await page.getByLabel('as fleetlog command', { exact: true }).textContent()).toBe(
      'npx fleetlog events tail --device=pump-7 --type=DeviceConnected',
    );
    await context.close();
  });

  test('SEC-80 markup in names, payloads, ids and reasons is text on every page', async () => {
    const { fingerprint } = await enrol(server, 'marked-1');
    const body = { name: MARKUP, type: '<b>type</b>', tags: ['<i>tag</i>'] };
    expect((await server.call('PATCH', '/devices/marked-1', body)).status).toBe(200);
    const revoked = await server.call('DELETE', `/devices/marked-1/certificates/${fingerprint}`, { reason: MARKUP });
    expect(revoked.status).toBeLessThan(300);
    const refused = `{"${MARKUP.replaceAll('"', "'")}":null}`;
    await client.publishAsync('devices/pump-7/telemetry', refused, { qos: 1 });
    await client.publishAsync('devices/pump-7/events/marked', JSON.stringify({ text: MARKUP }), { qos: 1 });

    const { context, page, faults } = await open('/devices?search=marked');
    const seen = async (text: string): Promise<void> => {
      await page.getByText(text).first().waitFor();
      expect(await page.locator('img, #content script').count()).toBe(0);
      expect(await page.evaluate('window.hacked')).toBeUndefined();
    };
    await seen(MARKUP);
    for (const [path, text] of [
      ['/devices/marked-1', MARKUP],
      ['/devices/marked-1', '<i>tag</i>'],
      ['/devices/pump-7', '<img src=x onerror='],
      ['/events?types=CertificateRevoked', MARKUP],
      ['/events?types=DeviceEventRecorded', '<img src=x onerror='],
      [`/events?device=${encodeURIComponent('<img src=x>')}`, 'Nothing matches'],
      ['/', '<img src=x onerror='],
    ] as const) {
      await page.goto(path);
      if (path.includes('device=%3C')) {
        await page.getByRole('alert').waitFor();
        continue;
      }
      await seen(text);
    }
    await page.goto('/events?types=MessageRejected');
    await list(page).getByRole('button', { name: 'message rejected' }).first().click();
    expect(await page.getByLabel('payload as received', { exact: true }).textContent()).toBe(refused);
    expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([]);
    await context.close();
  }, 60_000);
});
