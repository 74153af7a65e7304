import { extname, join } from 'node:path';
import type { Page, Route } from 'playwright-core';

/**
 * Serves a built dashboard to a page from its files, without a server.
 * @param folder with `index.html` and `assets/`
 * @param answer what the page asks of the REST API
 */
export async function serveDashboard(
  page: Page,
  origin: string,
  folder: string,
  answer: (route: Route) => Promise<void>,
): Promise<void> {
  await page.route(`${origin}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    if (/^\/(api\/|readyz)/.test(pathname)) return answer(route);
    return route.fulfill({ path: join(folder, extname(pathname) === '' ? 'index.html' : pathname) });
  });
}
