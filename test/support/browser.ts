import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { chromiumPath } from './chromium.js';

export { chromiumPath };

/** @param flags of Chromium */
export function launchBrowser(...flags: readonly string[]): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined)
    throw new Error('There is no Chromium: install the package chromium, or set CHROMIUM_PATH.');
  // Without a sandbox of its own: test machines run as root, and the pages are ours.
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...flags] });
}

/** A window that remembers everything a page must not do. */
export interface WatchedPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console errors, uncaught faults, CSP violations and requests to other hosts, as sentences. */
  readonly faults: string[];
  /** Addresses asked for, in their order. */
  readonly requests: string[];
}

export async function watchedPage(
  browser: Browser,
  baseURL: string,
  options: { readonly theme?: 'light' | 'dark'; readonly width?: number; readonly timezoneId?: string } = {},
): Promise<WatchedPage> {
  const { theme = 'light', width = 1280, ...rest } = options;
  const viewport = { width, height: 800 };
  const context = await browser.newContext({ baseURL, colorScheme: theme, viewport, ...rest });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // A refused sign-in and the first question for the session are answered 401, which Chromium logs by itself.
    const expected = message.text().includes('401') && message.location().url.includes('/api/v1/sessions');
    if (message.type() === 'error' && !expected) faults.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    requests.push(request.url());
    const foreign = !request.url().startsWith(baseURL) && !/^(data|blob):/.test(request.url());
    if (foreign) faults.push(`a foreign request: ${request.url()}`);
  });
  return { context, page, faults, requests };
}

/** Through the sign-in page, as a person would. */
export async function signIn(
  page: Page,
  who: { readonly name: string; readonly password: string },
  path = '/',
): Promise<void> {
  await page.goto(path);
  await page.getByLabel('Name').fill(who.name);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** What axe finds against WCAG 2.2 AA, as sentences. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
