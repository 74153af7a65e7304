import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { accessibilityFaults, chromiumPath, launchBrowser, watchedPage } from '../../support/browser.js';
import { serveDashboard } from '../../support/dashboard-files.js';

const ROOT = join(import.meta.dirname, '../../..');
const { buildDashboard } = (await import(pathToFileURL(join(ROOT, 'tools/dashboard.js')).href)) as {
  buildDashboard: (options: { readonly outFolder: string; readonly development: boolean }) => Promise<void>;
};
const GALLERY = join(ROOT, 'src/api/dashboard/pages/gallery');
const COMPONENTS = join(ROOT, 'src/api/dashboard/components');
/** The moment of the gallery's samples. */
const NOW = new Date('2026-02-03T14:03:12Z');
const ORIGIN = 'http://gallery.test';
const PICTURES = process.env.FLEETLOG_PICTURES;
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

describe('the gallery', () => {
  test('holds every component', async () => {
    const pages = await Promise.all((await readdir(GALLERY)).map((name) => readFile(join(GALLERY, name), 'utf8')));
    const shown = pages.join('\n');
    const components = (await readdir(COMPONENTS)).filter((name) => name.endsWith('.tsx'));
    // The frame of every page holds these two: "Copy as" stands in the head of a page, toasts in the corner.
    const inFrame = ['copy-as.tsx', 'toast.tsx'];
    const missing = components.filter(
      (name) => !inFrame.includes(name) && !shown.includes(`/components/${basename(name, '.tsx')}.js'`),
    );
    expect(missing).toEqual([]);
  });
});

here('the gallery in a browser', () => {
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-gallery-'));
    await buildDashboard({ outFolder: folder, development: true });
    browser = await launchBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    'in the %s theme at %i px shows every component and every dialog without an axe violation, within the window',
    async (theme, width) => {
      const { context, page, faults } = await watchedPage(browser, ORIGIN, { theme, width, timezoneId: 'UTC' });
      await page.clock.setFixedTime(NOW);
      await serveDashboard(page, ORIGIN, folder, (route) =>
        route.fulfill({ json: { relay: { topic: 'fleetlog.events' } } }),
      );
      await page.goto('/_gallery');
      await page.getByRole('heading', { level: 1, name: 'Gallery' }).waitFor();
      await page.getByText('This part is broken on purpose.').waitFor();
      await page.locator('.chart canvas').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      if (PICTURES !== undefined && width > 600) {
        await mkdir(PICTURES, { recursive: true });
        const path = join(PICTURES, `gallery-${theme}.png`);
        await page.screenshot({ path, animations: 'disabled', fullPage: true });
      }
      for (const name of ['Dialog', 'Form', 'Confirmation', 'Secret', 'Event']) {
        await page.getByRole('button', { name, exact: true }).click();
        await page.getByRole('dialog').waitFor();
        expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
        await page
          .getByRole('dialog')
          .getByRole('button', { name: /^(Close|I have it)$/ })
          .click();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      // One part is broken on purpose, and is told in the console.
      expect(faults.filter((fault) => !fault.includes('could not be drawn'))).toEqual([]);
      await context.close();
    },
    60_000,
  );
});
