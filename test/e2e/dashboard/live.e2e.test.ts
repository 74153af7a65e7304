import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { Browser, Locator, Page } from 'playwright-core';
import { chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { connectDevice, enrol } from '../../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { freePort } from '../../support/free-port.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';

const ADMIN = { name: 'admin', password: 'three words and a 4' };
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('live views', () => {
  let database: TestDatabase;
  let server: FleetlogProcess;
  let folder: string;
  let client: MqttClient;
  let browser: Browser;
  let start: () => Promise<FleetlogProcess>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-live-'));
    database = await createTestDatabase();
    const env = { FLEETLOG_ADMIN_PASSWORD: ADMIN.password, HTTP_PORT: String(await freePort()) };
    start = () => startFleetlog({ dataDir: join(folder, 'data'), databaseUrl: database.url, env });
    server = await start();
    const device = await enrol(server, 'pump-7');
    client = await connectDevice(device, server.ready.mqttsPort!);
    browser = await launchBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser.close();
    await client.endAsync(true);
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  const tell = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await client.publishAsync(`devices/pump-7/events/${name}`, '{"n":1}', { qos: 1 });
  };
  const open = async (path: string) => {
    const watched = await watchedPage(browser, server.ready.url);
    await signIn(watched.page, ADMIN, path);
    return watched;
  };
  const live = (page: Page): Locator => page.getByRole('status').filter({ hasText: /^●?live/ });
  /** Not the focus and not the pointer hold the list. */
  const letGo = (page: Page): Promise<void> => page.mouse.move(0, 0);
  const rowsOf = async (page: Page): Promise<string[]> =>
    (await page.getByRole('list', { name: 'Events' }).locator('.timeline-place').allTextContents()).toReversed();
  const openStreams = async (): Promise<number> => {
    await sleep(200);
    const metrics = await (await fetch(`${server.ready.url}/metrics`)).text();
    return Number(/^fleetlog_sse_clients (\d+)$/m.exec(metrics)![1]);
  };
  /** The browser of a test shows all its pages; the page is told otherwise. */
  const setHidden = async (page: Page, hidden: boolean): Promise<void> => {
    await page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });` +
        `document.dispatchEvent(new Event('visibilitychange'))`,
    );
  };

  test('Failure 15 (the tab lay hidden): it gives its stream back, and fills in what it missed when it is seen, nothing twice', async () => {
    const { context, page } = await open('/events?types=DeviceEventRecorded');
    await live(page).waitFor();
    await letGo(page);
    await tell('before');
    await page.getByText('device event before').waitFor();
    expect(await openStreams()).toBe(1);

    await setHidden(page, true);
    await until('the stream of the hidden tab is closed', async () => (await openStreams()) === 0);
    await tell('hidden-1', 'hidden-2', 'hidden-3');
    expect(await page.getByText('device event hidden-1').count()).toBe(0);

    await setHidden(page, false);
    await page.getByText('device event hidden-3').waitFor();
    for (const name of ['before', 'hidden-1', 'hidden-2', 'hidden-3'])
      expect(await page.getByText(`device event ${name}`, { exact: true }).count()).toBe(1);
    const places = await rowsOf(page);
    expect(new Set(places).size).toBe(places.length);
    await context.close();
  });

  test('Failure 15 (the tab lay hidden for an hour): all of its events are asked for, the newest 500 shown, none twice', async () => {
    const { context, page } = await watchedPage(browser, server.ready.url);
    await page.clock.install();
    await signIn(page, ADMIN, '/events?types=DeviceEventRecorded');
    await live(page).waitFor();
    await letGo(page);
    await tell('before-the-hour');
    await page.getByText('device event before-the-hour').waitFor();
    await setHidden(page, true);
    await page.clock.fastForward('01:00:00');
    await until('the stream of the hidden tab is closed', async () => (await openStreams()) === 0);
    const names = Array.from({ length: 620 }, (_, n) => `hour-${n}`);
    await Promise.all(names.map((name) => tell(name)));

    await setHidden(page, false);
    await page.clock.runFor(5_000);
    await page.getByText('device event hour-619', { exact: true }).waitFor();
    await live(page).waitFor();
    await until('the list is full', async () => (await rowsOf(page)).length === 500);
    const places = await rowsOf(page);
    expect(new Set(places).size).toBe(places.length);
    await context.close();
  }, 60_000);

  test('Failure 15 (the network blinks before the first event): nothing is lost', async () => {
    const { context, page } = await open('/events?types=DeviceEventRecorded&since=15m');
    await live(page).waitFor();
    await letGo(page);
    await context.setOffline(true);
    await page.getByRole('status').filter({ hasText: 'reconnecting' }).waitFor();
    await tell('blink-1', 'blink-2');
    await context.setOffline(false);
    await page.getByText('device event blink-2').waitFor();
    expect(await page.getByText('device event blink-1').count()).toBe(1);
    await live(page).waitFor();
    await context.close();
  });

  test('eight open tabs all work, though a browser has six connections to a server', async () => {
    const { context, page } = await open('/devices/pump-7');
    const pages = [page];
    for (let n = 1; n < 8; n++) {
      const other = await context.newPage();
      await other.goto('/events?types=DeviceEventRecorded');
      pages.push(other);
    }
    await letGo(page);
    for (const one of pages) await live(one).waitFor();
    await tell('for-all-tabs');
    for (const one of pages) await one.getByText('device event for-all-tabs').first().waitFor();
    expect(await openStreams()).toBeLessThanOrEqual(6);
    await context.close();
  }, 60_000);

  test('Failure 15 (the session ends under a half filled form): sign-in comes over the page, and the draft stays', async () => {
    const { context, page } = await open('/devices');
    await page.getByRole('button', { name: 'Connect your own device' }).click();
    await page.getByLabel('Device id').fill('half-a-na');
    await context.clearCookies();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    await dialog.getByLabel('Password').fill(ADMIN.password);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByLabel('Device id').inputValue()).toBe('half-a-na');
    await context.close();
  });

  test('Failure 4 (the device clock is wrong): both times are kept, the skew is told, and the chart goes by the server', async () => {
    const { context, page } = await open('/devices/pump-7');
    const wrong = Date.now() + 90_000;
    await client.publishAsync('devices/pump-7/telemetry', JSON.stringify({ ts: wrong, values: { level: 5 } }), {
      qos: 1,
    });
    await page.reload();
    await page.getByText(/^(89|9\d) s ahead$/).waitFor();
    await page.getByText(/by the server's clock/).waitFor();
    await page.goto('/events?types=TelemetryRecorded');
    await page.getByRole('list', { name: 'Events' }).getByRole('button', { name: 'telemetry' }).first().click();
    const times = await page.locator('.fact', { hasText: /^(Recorded|Occurred)/ }).allTextContents();
    expect(times).toHaveLength(2);
    expect(times[1]).toMatch(/Occurred, as the sender says.*(89|9\d) s ahead/);
    await context.close();
  });

  test('a server that goes away leaves the page and says so, and the page goes on by itself when it is back', async () => {
    const { context, page } = await open('/events?types=DeviceEventRecorded');
    await live(page).waitFor();
    await letGo(page);
    await tell('before-the-end');
    await page.getByText('device event before-the-end').waitFor();
    await server.kill();
    await page.getByRole('alert').filter({ hasText: 'The server has not answered since' }).waitFor();
    expect(await page.getByText('device event before-the-end').count()).toBe(1);

    server = await start();
    await client.endAsync(true);
    const again = await enrol(server, 'pump-8');
    client = await connectDevice(again, server.ready.mqttsPort!);
    await client.publishAsync('devices/pump-8/events/back-again', '{"n":1}', { qos: 1 });
    await page.getByText('device event back-again').waitFor({ timeout: 25_000 });
    await page.getByRole('alert').waitFor({ state: 'detached' });
    expect(await page.getByText('device event before-the-end').count()).toBe(1);
    await context.close();
  }, 90_000);

  test('Failure 15 (the server goes and comes back under a half filled form): the draft stays, and is sent then', async () => {
    const { context, page } = await open('/devices');
    await page.getByRole('button', { name: 'Connect your own device' }).click();
    const dialog = page.getByRole('dialog', { name: 'Connect your own device' });
    await dialog.getByLabel('Device id').fill('half-a-name');
    await server.kill();
    await dialog.getByLabel('Type').fill('pump');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await dialog.getByRole('alert').waitFor();
    expect(await dialog.getByLabel('Device id').inputValue()).toBe('half-a-name');

    server = await start();
    await until('the page has found the server again', async () => {
      const told = page.getByRole('alert').filter({ hasText: 'The server has not answered since' });
      return (await told.count()) === 0;
    });
    expect(await dialog.getByLabel('Device id').inputValue()).toBe('half-a-name');
    expect(await dialog.getByLabel('Type').inputValue()).toBe('pump');
    await dialog.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('heading', { level: 1, name: 'half-a-name' }).waitFor();
    await context.close();
  }, 90_000);
});
