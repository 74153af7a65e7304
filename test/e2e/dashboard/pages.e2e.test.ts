import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { MqttClient } from 'mqtt';
import type { Browser } from 'playwright-core';
import { accessibilityFaults, chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { certify, connectDevice, enrol, type EnrolledDevice } from '../../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { createTestAuthority } from '../../support/mqtt-certificates.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const PASSWORD = 'three words and a 4';
const PAGES = { Home: '/', Devices: '/devices', 'pump-7': '/devices/pump-7', Events: '/events', Health: '/health' };
const KILOBYTE = 1024;
/** Without a browser these tests are skipped, but never where what lands is judged. */
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('the dashboard', () => {
  let database: TestDatabase;
  let server: FleetlogProcess;
  let folder: string;
  let device: EnrolledDevice;
  let client: MqttClient;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-dashboard-'));
    database = await createTestDatabase();
    server = await startFleetlog({
      dataDir: join(folder, 'data'),
      databaseUrl: database.url,
      env: { FLEETLOG_ADMIN_PASSWORD: PASSWORD },
    });
    device = await enrol(server, 'pump-7');
    client = await connectDevice(device, server.ready.mqttsPort!);
    for (let n = 0; n < 20; n++)
      await client.publishAsync('devices/pump-7/telemetry', `{"temperature":${n}}`, { qos: 1 });
    browser = await launchBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser.close();
    await client.endAsync(true);
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  const openSignedIn = async (options: Parameters<typeof watchedPage>[2] = {}, path = '/') => {
    const watched = await watchedPage(browser, server.ready.url, options);
    await signIn(watched.page, { name: 'admin', password: PASSWORD }, path);
    return watched;
  };

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    'SEC-79 shows every page in the %s theme at %i px without a fault, a foreign request or an axe violation',
    async (theme, width) => {
      const { context, page, faults } = await openSignedIn({ theme, width });
      for (const [name, path] of Object.entries(PAGES)) {
        await page.goto(path);
        await page.getByRole('heading', { level: 1, name }).waitFor();
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
        expect({ name, wide: await page.evaluate('document.documentElement.scrollWidth > innerWidth') }).toEqual({
          name,
          wide: false,
        });
        expect(await page.getByRole('button', { name: 'Sign out' }).isVisible()).toBe(true);
      }
      await page.goto('/events');
      await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
      expect(faults).toEqual([]);
      await context.close();
    },
    120_000,
  );

  test('a first visit needs eight requests at most, and its bytes are within their budgets', async () => {
    const { context, page, requests } = await watchedPage(browser, server.ready.url);
    await page.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const beforeContent = requests.filter((url) => !url.startsWith('data:'));
    expect(beforeContent.length).toBeLessThanOrEqual(8);
    const bytes = { js: 0, css: 0, woff2: 0 };
    for (const url of beforeContent) {
      const kind = /\.(js|css|woff2)$/.exec(url)?.[1] as keyof typeof bytes | undefined;
      if (kind === undefined) continue;
      const body = Buffer.from(await (await fetch(url)).arrayBuffer());
      bytes[kind] += kind === 'woff2' ? body.length : gzipSync(body).length;
    }
    expect(bytes.js).toBeLessThanOrEqual(150 * KILOBYTE);
    expect(bytes.css).toBeLessThanOrEqual(20 * KILOBYTE);
    expect(bytes.woff2).toBeLessThanOrEqual(65 * KILOBYTE);
    await context.close();
  });

  test('assets are kept for ever, the shell is asked for each time, and what is no page stays a problem', async () => {
    const html = { headers: { accept: 'text/html' } };
    const shell = await fetch(`${server.ready.url}/devices/pump-7`, html);
    expect([shell.status, shell.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const [script] = /\/assets\/main-[A-Z0-9]+\.js/.exec(await shell.text())!;
    const asset = await fetch(server.ready.url + script);
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/api/v1/nothing', '/assets/nothing.js', '/assets/../index.html']) {
      const missing = await fetch(server.ready.url + path);
      expect([missing.status, missing.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
      ]);
    }
  });

  test('a wrong password says so where it was typed, and what was typed stays', async () => {
    const { context, page } = await watchedPage(browser, server.ready.url);
    await page.goto('/');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('admin');
    await context.close();
  });

  test('Failure 1 (online, yet nothing arrives): the device page tells count, pointer and code, and shows the payload as received', async () => {
    const { context, page, faults } = await openSignedIn({}, '/devices/pump-7');
    await client.publishAsync('devices/pump-7/telemetry', '{"temperature":null}', { qos: 1 });
    const banner = page.getByRole('alert').filter({ hasText: 'rejected in 5 min' });
    await banner.waitFor();
    expect(await banner.textContent()).toContain('/temperature');
    expect(await banner.getByRole('link').textContent()).toBe('PAYLOAD_INVALID');
    await banner.getByRole('button', { name: 'Show them as received' }).click();
    await page.getByRole('list', { name: 'Events' }).getByRole('button', { name: 'message rejected' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'MessageRejected' });
    expect(await dialog.getByLabel('payload as received', { exact: true }).textContent()).toBe('{"temperature":null}');
    expect(faults).toEqual([]);
    await context.close();
  });

  test('Failure 2 (a device can not connect): it is told on Home with the reason, and registered from there', async () => {
    const { context, page, faults } = await openSignedIn();
    const { key, cert } = await (await createTestAuthority()).device('default', 'stranger-1');
    const stranger = { id: 'stranger-1', key, certificate: cert, ca: device.ca, fingerprint: '' };
    await expect(connectDevice(stranger, server.ready.mqttsPort!)).rejects.toThrow();
    const table = page.getByRole('table', { name: 'Refused lately' });
    const row = table.getByRole('row').filter({ hasText: 'stranger-1' });
    await row.getByText('Its certificate is of an unknown authority.').waitFor();
    await row.getByRole('button', { name: 'Register this device' }).click();
    const dialog = page.getByRole('dialog', { name: 'Register this device' });
    expect(await dialog.getByLabel('Device id').inputValue()).toBe('stranger-1');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('heading', { level: 1, name: 'stranger-1' }).waitFor();
    const banner = page.getByRole('alert').filter({ hasText: 'connect refused in 5 min' });
    await banner.getByText('Its certificate is of an unknown authority.').waitFor();
    expect(await banner.getByRole('link').textContent()).toBe('CERTIFICATE_UNTRUSTED');
    expect(faults).toEqual([]);
    await context.close();
  });

  test('a first device of one’s own: named on Home, its lamp waits, tells why a message was refused, and turns green with the first that is accepted', async () => {
    const { context, page, faults } = await openSignedIn();
    await page.getByRole('button', { name: 'Connect your own device' }).click();
    await page.getByLabel('Device id').fill('greenhouse-1');
    await page.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('heading', { level: 1, name: 'greenhouse-1' }).waitFor();
    const panel = page.getByRole('region', { name: 'Connect this device' });
    const lamp = panel.getByRole('status');
    await lamp.filter({ hasText: 'waiting for the first message' }).waitFor();
    await panel.getByText('devices/greenhouse-1/telemetry').first().waitFor();

    const own = await connectDevice(await certify(server, 'greenhouse-1'), server.ready.mqttsPort!);
    await own.publishAsync('devices/greenhouse-1/telemetry', 'not JSON', { qos: 1 });
    await lamp.filter({ hasText: /refused.*PAYLOAD_INVALID/ }).waitFor();
    await own.publishAsync('devices/greenhouse-1/telemetry', '{"temperature":21.5}', { qos: 1 });
    await lamp.filter({ hasText: /accepted.*sequence \d+: .*temperature 21.5/ }).waitFor();
    expect(faults).toEqual([]);
    await own.endAsync();
    await context.close();
  });

  test('a condition narrows the list of devices, its fault is told with the column, and the address holds it', async () => {
    const { context, page, faults } = await openSignedIn({}, '/devices');
    const condition = page.getByLabel('Condition in CEL');
    await condition.fill('device.connected &&');
    await condition.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'column' }).first().waitFor();
    await condition.fill('device.id == "nobody"');
    await condition.press('Enter');
    await page.getByText('Nothing matches.').waitFor();
    await page.reload();
    await page.getByText('Nothing matches.').waitFor();
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await page.getByRole('link', { name: 'pump-7' }).waitFor();
    expect(faults.filter((fault) => !fault.includes('422'))).toEqual([]);
    await context.close();
  });

  test('the rows of the last question stay, marked as busy, until the next is answered, also when that fails', async () => {
    const { context, page, faults } = await openSignedIn({}, '/devices');
    const row = page.getByRole('link', { name: 'pump-7', exact: true });
    await row.waitFor();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route(/\/devices\?.*search=nobody/, async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('searchbox').fill('nobody');
    await page.waitForURL(/search=nobody/);
    const busy = page.locator('[aria-busy="true"]');
    await busy.getByRole('link', { name: 'pump-7', exact: true }).waitFor();
    expect(await page.locator('.skeleton').count()).toBe(0);
    answer();
    await page.getByText('Nothing matches.').waitFor();
    await busy.waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
    await page.getByRole('searchbox').fill('pump');
    await row.waitFor();
    await page.route(/\/devices\?.*search=other/, (route) => route.abort());
    await page.getByRole('searchbox').fill('other');
    await page.getByRole('alert').or(page.getByText('Try again')).first().waitFor();
    await busy.getByRole('link', { name: 'pump-7', exact: true }).waitFor();
    await context.close();
  });

  test('Failure 15 (the stream breaks): it resumes, what was missed is filled in, nothing comes twice', async () => {
    const { context, page } = await openSignedIn({}, '/devices/pump-7');
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await context.setOffline(true);
    await page.evaluate('window.dispatchEvent(new Event("offline"))');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('status').filter({ hasText: 'paused' }).waitFor();
    for (const name of ['one', 'two', 'three']) {
      await client.publishAsync(`devices/pump-7/events/${name}`, '{"n":1}', { qos: 1 });
    }
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Go on' }).click();
    const list = page.getByRole('list', { name: 'Events' });
    await list.getByText('device event three').waitFor();
    for (const name of ['one', 'two', 'three']) expect(await list.getByText(`device event ${name}`).count()).toBe(1);
    const places = await list.locator('.timeline-place').allTextContents();
    expect(new Set(places).size).toBe(places.length);
    await context.close();
  });
});
