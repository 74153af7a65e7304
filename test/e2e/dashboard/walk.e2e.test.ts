import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { accessibilityFaults, chromiumPath, launchBrowser, watchedPage } from '../../support/browser.js';
import { startDemo, type Demo } from '../../support/demo.js';
import { until } from '../../support/until.js';

const PASSWORD = 'three words and a 4';
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('a stranger walks through the demo with the keyboard alone', () => {
  let demo: Demo;
  let browser: Browser;

  beforeAll(async () => {
    demo = await startDemo(PASSWORD);
    browser = await launchBrowser();
  }, 180_000);

  afterAll(async () => {
    await browser.close();
    await demo.stop();
  }, 60_000);

  test.each([
    ['light', 1280, 'seattle-2013'],
    ['dark', 1280, 'seattle-2014'],
    ['light', 390, 'seattle-2015'],
    ['dark', 390, 'newyork-2013'],
  ] as const)(
    'in the %s theme at %i px: from the sign-in to a revoked certificate, without a fault, a foreign request or an axe violation',
    async (theme, width, victim) => {
      const { context, page, faults } = await watchedPage(browser, demo.server.ready.url, { theme, width });
      const { keyboard } = page;
      /** The page is there, and as it should be. */
      const arrived = async (name: string): Promise<void> => {
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
      };
      const heading = (name: string): Promise<void> => page.getByRole('heading', { level: 1, name }).waitFor();

      await page.goto('/');
      await page.getByLabel('Name').waitFor();
      await arrived('sign-in');
      await reach(page, page.getByLabel('Name'));
      await keyboard.type('admin');
      await keyboard.press('Tab');
      await keyboard.type(PASSWORD);
      await keyboard.press('Enter');

      await heading('Home');
      await page.getByText('1 s is one recorded day').waitFor();
      await page.getByRole('img', { name: /Events journaled per second/ }).waitFor();
      await page.getByRole('list', { name: 'The newest events' }).getByRole('listitem').nth(8).waitFor();
      await arrived('home');

      await reach(page, page.getByRole('navigation', { name: 'Tour' }).getByRole('link', { name: /A live device/ }));
      await keyboard.press('Enter');
      await page.getByRole('img', { name: /Telemetry of .* temperatureMax from/ }).waitFor();
      const sequence = page.getByRole('list', { name: 'Events' }).locator('.timeline-place').first();
      const before = await sequence.textContent();
      await until('a new event on the rail', async () => (await sequence.textContent()) !== before);
      await arrived('device');

      await keyboard.press('g');
      await keyboard.press('d');
      await heading('Devices');
      await page.getByRole('link', { name: 'flaky-01' }).waitFor();
      await arrived('devices');
      await keyboard.press('/');
      await keyboard.type(victim.slice(0, -1));
      await page.getByRole('link', { name: 'flaky-01' }).waitFor({ state: 'detached' });
      expect(new URL(page.url()).searchParams.get('search')).toBe(victim.slice(0, -1));

      await reach(page, page.getByRole('link', { name: victim }));
      await keyboard.press('Enter');
      await heading(victim);
      await reach(page, page.getByRole('table', { name: 'Certificates' }).getByRole('button', { name: /^Revoke/ }));
      await keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await reach(page, dialog.getByLabel('Reason'));
      await keyboard.type('lost in the harbour');
      const typed = dialog.getByLabel(/^Type .* to go on$/);
      await reach(page, typed);
      await keyboard.type(/Type (\S+)/.exec((await dialog.locator('form').textContent()) ?? '')![1]!);
      await keyboard.press('Enter');
      await page.getByRole('table', { name: 'Certificates' }).getByText('revoked').first().waitFor();
      await keyboard.press('Escape');
      await page.getByText('credential revoked').first().waitFor();
      await arrived('revoked');

      await keyboard.press('g');
      await keyboard.press('e');
      await heading('Events');
      await page.getByText('certificate revoked').first().waitFor();
      await arrived('events');

      await keyboard.press('g');
      await keyboard.press('c');
      await heading('Certificates');
      const revoked = page.getByRole('row').filter({ hasText: victim });
      await revoked.getByText(/at sequence [\d,]+/).waitFor();
      await arrived('certificates');
      await reach(page, revoked.getByRole('button', { name: /^Details/ }));
      await keyboard.press('Enter');
      await page.getByRole('dialog').getByText('lost in the harbour').waitFor();
      await arrived('certificate');
      await keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(
        await revoked
          .getByRole('button', { name: /^Details/ })
          .and(page.locator(':focus'))
          .count(),
      ).toBe(1);

      await keyboard.press('g');
      await keyboard.press('t');
      await heading('Preferences');
      await reach(page, page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Audit' }));
      await keyboard.press('Enter');
      await heading('Audit');
      await page.getByRole('row').filter({ hasText: victim }).filter({ hasText: 'certificate revoked' }).waitFor();
      await arrived('audit');

      await keyboard.press('g');
      await keyboard.press('s');
      await heading('Health');
      await reach(page, page.getByRole('button', { name: 'Verify' }));
      await keyboard.press('Enter');
      await page.getByText('The topic is the journal, byte for byte.').waitFor({ timeout: 20_000 });
      expect(await page.locator('.proof').textContent()).toMatch(/^[1-9][\d,]*records0gaps0duplicates0inversions0diff/);
      await arrived('health');

      await keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      await arrived('keyboard');
      await keyboard.press('Escape');

      await keyboard.press('g');
      await keyboard.press('h');
      await heading('Home');
      await reach(page, page.getByRole('button', { name: 'Connect your own device' }));
      await keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Connect your own device' }).waitFor();
      const own = `own-${theme}-${width}`;
      await keyboard.type(own);
      await arrived('name a device');
      await keyboard.press('Enter');
      await heading(own);
      await page.getByRole('status').filter({ hasText: 'waiting for the first message' }).waitFor();
      await arrived('own device');

      expect(faults).toEqual([]);
      await context.close();
    },
    180_000,
  );
});

/** `Tab` until the focus is there: what can't be reached so is out of reach for many. */
async function reach(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < 150; presses++) {
    if ((await target.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The keyboard does not reach ${target.toString()}.`);
}
