import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface LinkChecker {
  readonly documentationFiles: (root: string) => Promise<string[]>;
  readonly brokenLinks: (root: string, files: readonly string[]) => Promise<string[]>;
}

const { documentationFiles, brokenLinks } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../../tools/docs/links.js')).href
)) as LinkChecker;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetlog-links-'));
  await mkdir(join(root, 'docs/reference'), { recursive: true });
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function faultsOf(readme: string, page = ''): Promise<string[]> {
  await writeFile(join(root, 'README.md'), readme);
  await writeFile(join(root, 'docs/reference/page.md'), page);
  return brokenLinks(root, await documentationFiles(root));
}

describe('links in the documentation', () => {
  test('a link to a file that is there is fine, one to a file that is not is named', async () => {
    expect(await faultsOf('[a](docs/reference/page.md) [b](docs/gone.md)')).toEqual([
      'README.md links to docs/gone.md: no such file',
    ]);
  });

  test('an anchor leads to a heading of its file, made as GitHub makes it', async () => {
    const page = '# What it costs: `TLS` & time\n\n## Again\n\n## Again\n\n### TOKEN_MISSING\n';
    const anchors = ['what-it-costs-tls--time', 'again', 'again-1', 'token_missing', 'again-2'];
    const links = anchors.map((anchor) => `[x](docs/reference/page.md#${anchor})`).join(' ');
    expect(await faultsOf(links, page)).toEqual(['README.md links to docs/reference/page.md#again-2: no such heading']);
  });

  test('links of a page count from its own folder, anchors alone from the page itself', async () => {
    expect(await faultsOf('# Top', '[up](../../README.md#top) [here](#part) [not](#other)\n\n## Part\n')).toEqual([
      'docs/reference/page.md links to #other: no such heading',
    ]);
  });

  test('code is no link and no heading, addresses of the web are left alone', async () => {
    const readme =
      '```sh\n# Fenced\necho [x](gone.md)\n```\n\n`[y](gone.md)` [web](https://example.com/#x) [z](#fenced)';
    expect(await faultsOf(readme)).toEqual(['README.md links to #fenced: no such heading']);
  });
});
