import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { accessibilityFaults, chromiumPath, launchBrowser, signIn, watchedPage } from '../../support/browser.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const PASSWORD = 'three words and a 4';
const PAGES = ['Preferences', 'Sessions', 'Users', 'Tokens', 'Audit'] as const;
const here = chromiumPath() === undefined && process.env.CI === undefined ? describe.skip : describe;

here('the settings pages', () => {
  let database: TestDatabase;
  let server: FleetlogProcess;
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-settings-'));
    database = await createTestDatabase();
    server = await startFleetlog({
      dataDir: join(folder, 'data'),
      databaseUrl: database.url,
      env: { FLEETLOG_ADMIN_PASSWORD: PASSWORD },
    });
    for (const [name, role] of [
      ['vera', 'viewer'],
      ['olaf', 'operator'],
    ]) {
      expect((await server.call('POST', '/users', { name, role, password: PASSWORD })).status).toBe(201);
    }
    expect((await server.call('POST', '/devices', { id: 'pump-7' })).status).toBe(201);
    browser = await launchBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  const openAs = async (name: string, path: string, options: Parameters<typeof watchedPage>[2] = {}) => {
    const watched = await watchedPage(browser, server.ready.url, options);
    await signIn(watched.page, { name, password: PASSWORD }, path);
    return watched;
  };
  const askAs = (token: string, path: string): Promise<Response> =>
    fetch(`${server.ready.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'every settings page in the %s theme at %i px has no fault, no axe violation, and fits the window',
    async (theme, width) => {
      const { context, page, faults } = await openAs('admin', '/settings', { theme, width });
      for (const name of PAGES) {
        await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name }).click();
        await page.getByRole('heading', { level: 1, name }).waitFor();
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
        expect({ name, wide: await page.evaluate('document.documentElement.scrollWidth > innerWidth') }).toEqual({
          name,
          wide: false,
        });
      }
      expect(faults).toEqual([]);
      await context.close();
    },
    120_000,
  );

  test('a new token is shown once and works; revoked, it is answered 401, and its audit row leads to its event', async () => {
    const { context, page, faults } = await openAs('admin', '/settings/tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Label').fill('weekly report');
    await page.getByRole('button', { name: 'Create' }).click();
    const shown = page.getByRole('dialog', { name: 'Token weekly report' });
    const token = (await shown.getByLabel('token', { exact: true }).textContent()) ?? '';
    expect(token).toMatch(/^flt_/);
    await page.keyboard.press('Escape'); // a stray key does not take the only look at it away
    await shown.getByRole('button', { name: 'I have it' }).click();
    await shown.waitFor({ state: 'detached' });
    await page.reload();
    const row = page.getByRole('row').filter({ hasText: 'weekly report' });
    await row.waitFor();
    expect(await page.content()).not.toContain(token);
    expect((await askAs(token, '/devices')).status).toBe(200);

    await row.getByRole('button', { name: 'Revoke' }).click();
    const confirm = page.getByRole('dialog', { name: 'Revoke weekly report' });
    expect(await confirm.getByRole('button', { name: 'Revoke' }).getAttribute('aria-disabled')).toBe('true');
    await confirm.getByLabel('Reason').fill('laptop lost');
    const asked = (await confirm.getByText(/^Type .* to go on$/).textContent()) ?? '';
    await confirm.getByLabel(asked).fill(asked.split(' ')[1] ?? '');
    await confirm.getByRole('button', { name: 'Revoke' }).click();
    await row.getByText('revoked').waitFor();
    expect((await askAs(token, '/devices')).status).toBe(401);

    await page.goto('/settings/audit?act=tokens');
    await page.getByRole('button', { name: 'API token revoked' }).click();
    const entry = page.getByRole('dialog', { name: 'API token revoked' });
    expect(await entry.getByLabel('after', { exact: true }).textContent()).toContain('laptop lost');
    await entry.getByRole('button', { name: /^Show its event/ }).click();
    const event = page.getByRole('dialog', { name: 'TenantTokenRevoked' });
    expect(await event.getByLabel('metadata', { exact: true }).textContent()).toContain('"principal": "user/admin"');
    expect(faults).toEqual([]);
    await context.close();
  }, 60_000);

  test('the audit is saved as a table of all that the filters select', async () => {
    const { context, page, faults } = await openAs('admin', '/settings/audit?act=users');
    await page.getByRole('table', { name: 'Audit' }).waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/^fleetlog-audit-.*\.csv$/);
    const [head, ...lines] = (await readFile(await file.path(), 'utf8')).trimEnd().split('\r\n');
    expect(head).toMatch(/principal/);
    expect(lines).toHaveLength(await page.getByRole('table', { name: 'Audit' }).locator('tbody tr').count());
    expect(lines.filter((line) => !/,User\w+,/.test(line))).toEqual([]);
    await page.getByText('Audit downloaded').waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  test('a viewer can change nothing: each button says what it needs, and the API refuses', async () => {
    const { context, page } = await openAs('vera', '/settings/users');
    const needs: Record<string, readonly string[]> = {
      '/settings/users': ['New user'],
      '/settings/tokens': ['New token'],
      '/devices': ['Connect your own device'],
      '/devices/pump-7': ['Issue'],
    };
    for (const [path, names] of Object.entries(needs)) {
      await page.goto(path);
      for (const name of names) {
        const button = page.getByRole('button', { name: new RegExp(`^${name}\\s*needs admin`) }).first();
        await button.waitFor();
        expect([path, await button.getAttribute('aria-disabled')]).toEqual([path, 'true']);
        await button.press('Enter');
        expect(await page.getByRole('dialog').count()).toBe(0);
      }
    }
    for (const [path, what] of [
      ['/settings/users', 'Users'],
      ['/settings/tokens', 'Tokens'],
      ['/settings/audit', 'Audit'],
    ] as const) {
      await page.goto(path);
      await page.getByText(`${what}: needs admin.`).waitFor();
    }
    const refused = await page.evaluate(`(async () => {
      const ask = async (method, path, body, type = 'application/json') =>
        (await fetch('/api/v1' + path, { method, headers: { 'Content-Type': type }, body: JSON.stringify(body) })).status;
      return [
        await ask('POST', '/users', { name: 'mallory', role: 'admin', password: 'three words and a 4' }),
        await ask('PATCH', '/users/vera', { role: 'admin' }, 'application/merge-patch+json'),
        await ask('POST', '/tokens', { role: 'viewer' }),
        await ask('POST', '/devices', { id: 'pump-8' }),
        await ask('PATCH', '/devices/pump-7', { name: 'mine' }, 'application/merge-patch+json'),
        await ask('POST', '/devices/pump-7/certificates', { generateKey: true }),
      ];
    })()`);
    expect(refused).toEqual([403, 403, 403, 403, 403, 403]);
    await context.close();
  }, 60_000);

  test('a disabled user is signed out and refused until enabled again, and the last admin stays one', async () => {
    const { context, page, faults } = await openAs('admin', '/settings/users');
    const vera = await openAs('vera', '/settings/preferences');
    const row = page.getByRole('row').filter({ hasText: 'vera' });
    await page.getByRole('button', { name: 'Disable vera' }).click();
    const dialog = page.getByRole('dialog', { name: 'Disable vera' });
    expect(await dialog.textContent()).toContain('vera is signed out everywhere and can not sign in');
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await row.getByText('disabled', { exact: true }).waitFor();
    await vera.page.getByRole('link', { name: 'Devices' }).click();
    const signedOut = vera.page.getByRole('dialog', { name: 'Your session has ended' });
    await signedOut.getByLabel('Password').fill(PASSWORD);
    await signedOut.getByRole('button', { name: 'Sign in' }).click();
    await signedOut.getByRole('alert').waitFor();

    await page.getByRole('button', { name: 'Enable vera' }).press('Enter');
    await page.getByRole('dialog', { name: 'Enable vera' }).getByRole('button', { name: 'Enable' }).press('Enter');
    await row.getByText('enabled', { exact: true }).waitFor();
    await signedOut.getByRole('button', { name: 'Sign in' }).click();
    await signedOut.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Disable admin' }).click();
    const own = page.getByRole('dialog', { name: 'Disable admin' });
    await own.getByRole('button', { name: 'Disable' }).click();
    await own.getByRole('link', { name: 'LAST_ADMIN' }).waitFor();
    expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([]);
    await vera.context.close();
    await context.close();
  }, 60_000);

  test('a user is created with a password shown once, gets another role, and is signed out by it', async () => {
    const { context, page, faults } = await openAs('admin', '/settings/users');
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('Name').fill('nora');
    await page.getByRole('button', { name: 'Create' }).click();
    const shown = page.getByRole('dialog', { name: 'Password of nora' });
    const password = (await shown.getByLabel('password', { exact: true }).textContent()) ?? '';
    await shown.getByRole('button', { name: 'I have it' }).click();

    const other = await watchedPage(browser, server.ready.url);
    await signIn(other.page, { name: 'nora', password }, '/settings/preferences');
    await page.getByRole('button', { name: 'Change role nora' }).click();
    const dialog = page.getByRole('dialog', { name: 'Role of nora' });
    await dialog.getByRole('radio', { name: 'operator' }).check();
    await dialog.getByRole('button', { name: 'Change role' }).click();
    const row = page.getByRole('row').filter({ hasText: 'nora' });
    await row.getByText('operator').waitFor();
    await other.page.getByRole('link', { name: 'Devices' }).click();
    await other.page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();

    // Somebody else is faster: the page says who, and changes nothing until it is asked again.
    await page.getByRole('button', { name: 'Change role nora' }).click();
    await dialog.getByRole('radio', { name: 'admin' }).check();
    expect((await server.call('PATCH', '/users/nora', { role: 'viewer' })).status).toBe(200);
    await dialog.getByRole('button', { name: 'Change role' }).click();
    await dialog.getByText(/user role changed by system\/admin$/).waitFor();
    await dialog.getByRole('button', { name: 'Change role' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByText('admin').waitFor();
    expect(faults.filter((fault) => !fault.includes('412'))).toEqual([]);
    await other.context.close();
    await context.close();
  }, 60_000);

  test('one ends the other sessions of one’s own, and changes one’s password under a session that goes on', async () => {
    const elsewhere = await openAs('olaf', '/settings/preferences');
    const { context, page } = await openAs('olaf', '/settings/sessions');
    await page.getByRole('button', { name: 'End my other sessions' }).click();
    await page.getByRole('button', { name: 'End 1 session' }).click();
    await page.getByText('1 session ended.').waitFor();
    await elsewhere.page.getByRole('link', { name: 'Devices' }).click();
    await elsewhere.page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();

    await page.getByRole('button', { name: 'Change my password' }).click();
    await page.getByLabel('Your password now').fill('not the password');
    await page.getByLabel('New password').fill('five other words, 6');
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Your password now').fill(PASSWORD);
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByText('Your password is changed').waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor();
    await elsewhere.context.close();
    await context.close();
  }, 60_000);

  test('preferences hold at once, stay after a reload, and need the keyboard alone', async () => {
    const { context, page } = await openAs('admin', '/');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.getByRole('heading', { level: 1, name: 'Preferences' }).waitFor();
    const press = async (name: string, key: string): Promise<void> => {
      await page.getByRole('radio', { name, exact: true }).focus();
      await page.keyboard.press(key);
    };
    await press('As the system', 'ArrowLeft');
    await press('Normal', 'ArrowRight');
    await press('Local', 'ArrowRight');
    await press('On', 'ArrowRight');
    const root = (page: Page) => page.evaluate('({ ...document.documentElement.dataset })');
    expect(await root(page)).toEqual({ theme: 'dark', density: 'compact' });
    await page.reload();
    await page.getByText('UTC. The journal itself keeps UTC.').waitFor();
    expect(await root(page)).toEqual({ theme: 'dark', density: 'compact' });
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await context.close();
  });
});
