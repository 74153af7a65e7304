import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { startDemo } from '../../support/demo.js';
import { recordAnswers, replayScene, SCENE_ORIGIN, type Scene } from '../../support/scene.js';

const ROOT = join(import.meta.dirname, '../../..');
const SCENES = join(import.meta.dirname, 'scenes');
/** Folder that the pictures of the docs go to. Without it they are looked at and not kept. */
const PICTURES = process.env.FLEETLOG_PICTURES;
/** Records the scenes anew from a demo, when the API or the demo has changed. */
const RECORD = process.env.FLEETLOG_RECORD_SCENES !== undefined;
const ADMIN = { name: 'admin', password: 'three words and a 4' };
/** So that the charts have something to show. */
const WARM_MS = 60_000;
const REVOKED = 'seattle-2013';
/** Whatever was drawn before, and in whatever order: the same pixels. */
const SAME_EACH_TIME = ['--disable-partial-raster', '--disable-gpu', '--disable-lcd-text'];
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

interface Picture {
  readonly path: string;
  /** Whether it follows the journal. */
  readonly follows?: boolean;
  /** Waits until it is all there. */
  readonly settle: (page: Page) => Promise<void>;
}

const chart = (page: Page): Promise<void> => page.getByRole('img', { name: /Telemetry of .* from/ }).waitFor();
const PICTURED: Readonly<Record<string, Picture>> = {
  home: {
    path: '/',
    follows: true,
    async settle(page) {
      await page.getByText('1 s is one recorded day').waitFor();
      await page.getByRole('img', { name: /Events journaled per second/ }).waitFor();
      await page.getByRole('list', { name: 'The newest events' }).getByRole('listitem').nth(8).waitFor();
    },
  },
  devices: { path: '/devices', settle: (page) => page.getByRole('link', { name: 'flaky-01' }).waitFor() },
  device: { path: '/devices/seattle-2012', follows: true, settle: chart },
  revoked: {
    path: `/devices/${REVOKED}`,
    follows: true,
    async settle(page) {
      await chart(page);
      await page.getByRole('table', { name: 'Certificates' }).getByText('revoked').first().waitFor();
    },
  },
  events: { path: '/events', follows: true, settle: (page) => page.getByText('telemetry').nth(8).waitFor() },
  certificates: { path: '/certificates', settle: (page) => page.getByText('revoked').nth(1).waitFor() },
  health: {
    path: '/health',
    async settle(page) {
      await page.getByRole('button', { name: 'Verify' }).click();
      await page.getByText('The topic is the journal, byte for byte.').waitFor({ timeout: 30_000 });
    },
  },
  audit: { path: '/settings/audit', settle: (page) => page.getByText('certificate revoked').first().waitFor() },
};

here('the pictures of the docs', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser(...SAME_EACH_TIME);
    if (RECORD) await record(browser);
    if (PICTURES !== undefined) await mkdir(PICTURES, { recursive: true });
  }, 300_000);
  afterAll(() => browser.close());

  const cases = Object.keys(PICTURED).flatMap((name) =>
    (['light', 'dark'] as const).map((theme) => [name, theme] as const),
  );
  test.each(cases)('%s in the %s theme shows what was recorded, whenever it is taken', async (name, theme) => {
    const scene = JSON.parse(await readFile(join(SCENES, `${name}.json`), 'utf8')) as Scene;
    const { context, page, faults } = await watchedPage(browser, SCENE_ORIGIN, { theme, timezoneId: 'UTC' });
    const unknown = await replayScene(page, scene, join(ROOT, 'dist/dashboard'));
    await page.goto(scene.path);
    await PICTURED[name]!.settle(page);
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    if (PICTURED[name]!.follows === true) await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await page.evaluate('scrollTo(0, 0); document.activeElement?.blur()');
    const picture = await page.screenshot({ animations: 'disabled' });
    expect({ unknown, faults, problems: await page.locator('.problem').count() }).toEqual({
      unknown: [],
      faults: [],
      problems: 0,
    });
    if (PICTURES !== undefined) await writeFile(join(PICTURES, `${name}-${theme}.png`), picture);
    await context.close();
  });
});

async function record(browser: Browser): Promise<void> {
  const demo = await startDemo(ADMIN.password);
  try {
    await delay(WARM_MS);
    const path = `/devices/${REVOKED}/certificates`;
    const { items } = (await (await demo.server.call('GET', path)).json()) as { items: { fingerprint: string }[] };
    await demo.server.call('DELETE', `${path}/${items[0]!.fingerprint}`, { reason: 'lost in the harbour' });
    await delay(2_000);
    const { context, page } = await watchedPage(browser, demo.server.ready.url, { timezoneId: 'UTC' });
    await signIn(page, ADMIN);
    for (const [name, picture] of Object.entries(PICTURED)) {
      const recorded = await context.newPage();
      const answers = recordAnswers(recorded);
      await recorded.goto(picture.path);
      await picture.settle(recorded);
      await delay(4_000); // what is asked now and then, too
      const scene: Scene = { path: picture.path, at: Date.now(), answers: await answers.take() };
      await writeFile(join(SCENES, `${name}.json`), `${JSON.stringify(scene)}\n`);
      await recorded.close();
    }
    await context.close();
  } finally {
    await demo.stop();
  }
}
