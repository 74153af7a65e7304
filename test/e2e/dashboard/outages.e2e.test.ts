import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { connectDevice } from '../../support/enrolled-device.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { withPlatform, type Platform } from '../../faults/platform.js';

const ADMIN = { name: 'admin', password: 'three words and a 4' };
const env = { FLEETLOG_ADMIN_PASSWORD: ADMIN.password };
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('what the dashboard shows while a part is away', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const openHome = async (platform: Platform): Promise<Page> => {
    const { page } = await watchedPage(browser, platform.server.ready.url);
    await signIn(page, ADMIN);
    return page;
  };

  test('Failure 9 (Kafka is down): Home counts what waits safe in the journal, and the proof is clean afterwards', async () => {
    await withPlatform({ kafka: 'proxied', env }, async (platform) => {
      await platform.start();
      const [device] = await platform.enrol(1);
      const client = await connectDevice(device!, platform.mqttsPort);
      platform.later(() => client.endAsync(true));
      const page = await openHome(platform);
      await page.getByText('Nothing. Every part works').waitFor();

      platform.killKafka();
      for (let n = 0; n < 50; n++) {
        await client.publishAsync(`devices/${device!.id}/telemetry`, `{"n":${n}}`, { qos: 1 });
      }
      const row = page.getByRole('listitem').filter({ hasText: /Relay waiting since \d\d:\d\d/ });
      await row.waitFor();
      await row.filter({ hasText: /[5-9]\d events safe in the journal/ }).waitFor();
      // Devices are served all the while.
      expect(await page.getByText('Not acknowledging').count()).toBe(0);

      await platform.restartKafka();
      await page.getByText('Nothing. Every part works').waitFor({ timeout: 40_000 });
      await page.getByRole('link', { name: 'Health' }).first().click();
      await page.getByRole('button', { name: 'Verify' }).click();
      const proof = page.getByRole('status').filter({ hasText: 'records' });
      await proof.getByText('The topic is the journal, byte for byte.').waitFor();
      expect(await proof.textContent()).toMatch(/0gaps0duplicates0inversions0differences/);
    });
  }, 120_000);

  test('Failure 10 (Postgres is down): every page says that nothing is acknowledged, and recovery needs no hand', async () => {
    let network: TcpProxy | undefined;
    const databaseUrl = async (direct: string): Promise<string> => {
      const proxied = await behindProxy(direct);
      network = proxied.network;
      return proxied.url;
    };
    await withPlatform({ kafka: 'off', databaseUrl, env }, async (platform) => {
      platform.later(() => network?.close());
      await platform.start();
      const [device] = await platform.enrol(1);
      const client = await connectDevice(device!, platform.mqttsPort);
      platform.later(() => client.endAsync(true));
      const page = await openHome(platform);
      const readiness = async (): Promise<number> => (await fetch(`${platform.server.ready.url}/readyz`)).status;
      expect(await readiness()).toBe(200);

      network!.set({ kind: 'down' });
      let acknowledged = false;
      const waiting = client
        .publishAsync(`devices/${device!.id}/telemetry`, '{"temperature":1}', { qos: 1 })
        .then(() => (acknowledged = true));
      const banner = page.getByRole('alert').filter({
        hasText: 'Not acknowledging: devices keep their messages and send again',
      });
      await banner.waitFor();
      expect([await readiness(), acknowledged]).toEqual([503, false]);
      await page.getByRole('link', { name: 'Events' }).first().click();
      await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
      expect(await banner.count()).toBe(1);

      network!.set({ kind: 'pass' });
      await waiting;
      await banner.waitFor({ state: 'detached' });
      expect(await readiness()).toBe(200);
      await page.goto('/events?types=TelemetryRecorded');
      await page.getByRole('list', { name: 'Events' }).getByText('temperature 1').waitFor();
      expect(await page.getByRole('list', { name: 'Events' }).getByText('temperature 1').count()).toBe(1);
    });
  }, 120_000);

  test('Failure 14 (everything reconnects after a restart): Home counts the recovery, and every page works meanwhile', async () => {
    let network: TcpProxy | undefined;
    const databaseUrl = async (direct: string): Promise<string> => {
      const proxied = await behindProxy(direct);
      network = proxied.network;
      return proxied.url;
    };
    await withPlatform({ kafka: 'off', databaseUrl, env }, async (platform) => {
      platform.later(() => network?.close());
      await platform.start();
      const devices = await platform.enrol(150);
      platform.load(devices, { qos: 1, inFlight: 1, pauseMs: 1_000, client: { connectTimeout: 30_000 } });
      const page = await openHome(platform);
      const online = page.getByRole('link', { name: /^150\s*online$/i });
      await online.waitFor({ timeout: 20_000 });

      await platform.server.kill();
      await page.getByRole('alert').filter({ hasText: 'The server has not answered since' }).waitFor();
      // Far from its database: what takes a quarter of an hour with a large fleet takes seconds with this one.
      network!.set({ kind: 'delay', milliseconds: 250 });
      await platform.start();
      const row = page.getByRole('listitem').filter({ hasText: /Recovering \d+ of \d+ devices/ });
      await row.filter({ hasText: /\d+ connects\/s.*Every page works meanwhile/ }).waitFor({ timeout: 30_000 });
      expect(await page.getByText('went offline together').count()).toBe(0);
      await page.getByRole('link', { name: 'Devices' }).first().click();
      await page.getByRole('link', { name: 'pump-1', exact: true }).waitFor();

      network!.set({ kind: 'pass' });
      await page.getByRole('link', { name: 'Home' }).first().click();
      await page.getByText('Nothing. Every part works').waitFor({ timeout: 40_000 });
      await online.waitFor({ timeout: 40_000 });
    });
  }, 180_000);
});

/** A database that is reached through a network of our own. */
async function behindProxy(direct: string): Promise<{ readonly network: TcpProxy; readonly url: string }> {
  const url = new URL(direct);
  const network = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(network.port);
  return { network, url: url.toString() };
}
