import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
/** A picture is loaded with the page that shows it. */
const MOST_BYTES = 400 * 1024;
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

test('each page of the dashboard that the docs name has its picture, in both themes', async () => {
  const text = await readFile(join(ROOT, 'docs/reference/dashboard.md'), 'utf8');
  const sections = text.split(/^## /m).slice(1);
  expect(sections.length).toBeGreaterThan(4);
  for (const section of sections) {
    const [title = ''] = section.split('\n');
    const names = [...section.matchAll(/!\[[^\]]+\]\(\.\.\/images\/([\w-]+)-light\.png\)/g)].map(([, name]) => name!);
    expect({ title, pictures: names.length > 0 }).toEqual({ title, pictures: true });
    for (const file of names.flatMap((name) => [`${name}-light.png`, `${name}-dark.png`])) {
      const picture = await readFile(join(ROOT, 'docs/images', file));
      expect({ file, png: picture.subarray(0, 8).equals(PNG), small: picture.length < MOST_BYTES }).toEqual({
        file,
        png: true,
        small: true,
      });
    }
  }
});
