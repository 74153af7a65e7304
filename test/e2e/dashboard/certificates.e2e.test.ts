import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { accessibilityFaults, chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { connectDevice, enrol, makeCsr, type EnrolledDevice } from '../../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const PASSWORD = 'three words and a 4';
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('certificates on the dashboard', () => {
  let database: TestDatabase;
  let server: FleetlogProcess;
  let folder: string;
  let browser: Browser;
  const clients: MqttClient[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-certificates-'));
    database = await createTestDatabase();
    server = await startFleetlog({
      dataDir: join(folder, 'data'),
      databaseUrl: database.url,
      env: { FLEETLOG_ADMIN_PASSWORD: PASSWORD },
    });
    browser = await launchBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  const openAsAdmin = async (path: string, options: Parameters<typeof watchedPage>[2] = {}) => {
    const watched = await watchedPage(browser, server.ready.url, options);
    await signIn(watched.page, { name: 'admin', password: PASSWORD }, path);
    return watched;
  };
  /** What mqtt.js does not know goes on to `tls.connect`. */
  const connectFrom = (device: EnrolledDevice, localAddress: string): Promise<MqttClient> =>
    connectDevice(device, server.ready.mqttsPort!, { localAddress } as IClientOptions);
  const state = (page: Page) => page.locator('.fact').filter({ hasText: /^State/ });

  test('a revoked certificate ends the connection: the dialog shows both events, the lamp the word', async () => {
    const device = await enrol(server, 'pump-1');
    clients.push(await connectDevice(device, server.ready.mqttsPort!));
    const { context, page, faults } = await openAsAdmin('/devices/pump-1');
    await state(page).getByText('online').waitFor();
    const short = device.fingerprint.slice(0, 8);
    await page.getByRole('button', { name: `Revoke ${short}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('key lost');
    expect(await dialog.getByRole('button', { name: 'Revoke' }).getAttribute('aria-disabled')).toBe('true');
    await dialog.getByLabel(`Type ${short} to go on`).fill(short);
    await page.keyboard.press('Enter');
    await dialog.getByText(/^disconnected at sequence \d+$/).waitFor();
    const events = dialog.getByRole('list', { name: 'What the journal says' });
    expect(await events.getByRole('listitem').allTextContents()).toEqual([
      expect.stringContaining('credential revoked'),
      expect.stringContaining('key lost'),
    ]);
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await state(page).getByText('revoked', { exact: true }).waitFor();

    await expect(connectDevice(device, server.ready.mqttsPort!)).rejects.toThrow();
    const banner = page.getByRole('alert').filter({ hasText: '1 connect refused in 5 min' });
    expect(await banner.textContent()).toContain('Its certificate or token was revoked.');
    await banner.getByRole('link', { name: 'CREDENTIAL_REVOKED' }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  }, 60_000);

  test('a rotation goes from the second certificate over its first use to the end of the first', async () => {
    const device = await enrol(server, 'pump-2');
    clients.push(await connectDevice(device, server.ready.mqttsPort!));
    const { key, csr } = await makeCsr('pump-2');
    const { context, page, faults } = await openAsAdmin('/devices/pump-2');
    await page.getByRole('button', { name: `Rotate ${device.fingerprint.slice(0, 8)}` }).click();
    const dialog = page.getByRole('dialog', { name: /^Rotate/ });
    await dialog
      .getByLabel('Choose a file')
      .setInputFiles({ name: 'pump-2.csr', mimeType: 'text/plain', buffer: Buffer.from(csr) });
    await dialog.getByRole('button', { name: 'Issue' }).click();
    const certificate = (await dialog.getByLabel('certificate', { exact: true }).textContent()) ?? '';
    await dialog.getByText('waiting', { exact: true }).waitFor();
    expect(await dialog.getByRole('button', { name: /^Revoke/ }).count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);

    const second = await connectDevice({ ...device, key, certificate }, server.ready.mqttsPort!);
    await dialog.getByText('pump-2 has connected with the second').waitFor();
    await dialog.getByRole('button', { name: /^Revoke/ }).click();
    await dialog.getByText('pump-2 was not connected with it').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    clients.push(second);
    await second.publishAsync('devices/pump-2/telemetry', '{"temperature":21}', { qos: 1 });
    expect(faults).toEqual([]);
    await context.close();
  }, 60_000);

  test('a key made by the server is downloaded once; asked again, the dialog shows the refusal', async () => {
    expect((await server.call('POST', '/devices', { id: 'pump-3' })).status).toBe(201);
    const { context, page } = await openAsAdmin('/devices/pump-3');
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    const form = page.getByRole('dialog', { name: 'Certificate for pump-3' });
    await form.getByRole('radio', { name: 'With a new key' }).check();
    await form.getByRole('button', { name: 'Issue' }).click();
    const dialog = page.getByRole('dialog', { name: 'The certificate is issued' });
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Download the bundle' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('pump-3.zip');
    expect((await readFile(await file.path())).subarray(0, 2).toString()).toBe('PK');
    await dialog.getByText('a second download is refused').waitFor();
    await dialog.getByRole('button', { name: 'Download again' }).click();
    await dialog.getByRole('alert').getByRole('link', { name: 'BUNDLE_GONE' }).waitFor();
    await context.close();
  }, 60_000);

  test('Failure 8 (two people edit one device): the events in between, theirs and yours; different fields merge', async () => {
    const body = { id: 'pump-4', name: 'Feed pump', type: 'pump', attributes: { site: 'north' } };
    expect((await server.call('POST', '/devices', body)).status).toBe(201);
    const { context, page, faults } = await openAsAdmin('/devices/pump-4');
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Name').fill('My pump');
    await page.getByLabel('Tags').fill('hall-2');
    expect((await server.call('PATCH', '/devices/pump-4', { type: 'valve' })).status).toBe(200);
    await page.getByRole('button', { name: 'Save 2 changes' }).click();
    const dialog = page.getByRole('dialog', { name: 'Somebody else has changed pump-4' });
    await dialog.getByText('both can stand').waitFor();
    await dialog.getByRole('list', { name: 'Events in between' }).getByText('device updated').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Merge' }).click();
    await dialog.waitFor({ state: 'detached' });
    const merged = (await (await server.call('GET', '/devices/pump-4')).json()) as object;
    expect(merged).toMatchObject({ name: 'My pump', type: 'valve', tags: ['hall-2'], attributes: { site: 'north' } });

    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Name').fill('Pump of Ann');
    expect((await server.call('PATCH', '/devices/pump-4', { name: 'Pump of Bob' })).status).toBe(200);
    await page.getByRole('button', { name: 'Save 1 change' }).click();
    await dialog.getByText('1 field changed by both').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBe('true');
    const row = dialog.getByRole('row').filter({ hasText: '/name' });
    expect(await row.textContent()).toContain('"Pump of Bob""Pump of Ann"');
    await row.getByRole('radio', { name: 'Yours' }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await (await server.call('GET', '/devices/pump-4')).json()).toMatchObject({ name: 'Pump of Ann' });
    expect(faults.filter((fault) => !fault.includes('412'))).toEqual([]);
    await context.close();
  }, 60_000);

  test('the list of all certificates filters by its address, and leads to what was accepted under one', async () => {
    const { fingerprint } = await enrol(server, 'pump-5');
    const { context, page, faults } = await openAsAdmin('/certificates?device=pump-5');
    const short = fingerprint.slice(0, 8);
    const row = page.getByRole('row').filter({ hasText: short });
    await row.getByText('active').waitFor();
    await page.getByRole('button', { name: 'expiring within 30 days' }).click();
    await page.getByText('Nothing matches.').waitFor();
    expect(new URL(page.url()).search).toBe('?device=pump-5&expiring=30');
    await page.goBack();
    await page.goto('/certificates?device=pump-5&state=active');
    await row.getByRole('button', { name: 'Details' }).click();
    const dialog = page.getByRole('dialog', { name: 'Certificate of pump-5' });
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByRole('link', { name: 'Show the events' }).click();
    await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
    expect(new URL(page.url()).searchParams.get('credential')).toBe(fingerprint);
    expect(faults).toEqual([]);
    await context.close();
  }, 60_000);

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'the certificates page in the %s theme at %i px shows the authority, without an axe violation, within the window',
    async (theme, width) => {
      const { context, page, faults } = await openAsAdmin('/certificates', { theme, width });
      await page.getByText(server.ready.caFingerprint).waitFor();
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'ca.pem' }).click(),
      ]);
      expect((await readFile(await file.path())).toString()).toContain('BEGIN CERTIFICATE');
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      expect(faults).toEqual([]);
      await context.close();
    },
    60_000,
  );

  test('Failure 3 (two devices share one certificate): the lamp says taken over, with a count, both addresses and what to do', async () => {
    const device = await enrol(server, 'pump-6');
    const { context, page, faults } = await openAsAdmin('/devices/pump-6');
    // Two places with one certificate, each of which connects again when the other has thrown it out.
    for (let turn = 0; turn < 2; turn++) {
      for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
        clients.push(await connectFrom(device, localAddress));
      }
    }
    await state(page).getByText('taken over').waitFor();
    const banner = page.getByRole('alert').filter({ hasText: 'Taken over 3 times in 5 min' });
    expect(await banner.textContent()).toMatch(/127\.0\.0\.3.*127\.0\.0\.2|127\.0\.0\.2.*127\.0\.0\.3/);
    await banner.getByRole('button', { name: 'Issue a second certificate' }).click();
    await page.getByRole('dialog', { name: 'Issue a certificate' }).getByLabel('Device id').waitFor();
    expect(faults).toEqual([]);
    await context.close();
  }, 60_000);
});
