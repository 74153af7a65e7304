// A part of a page that a tool writes from what it has measured, between `<!-- recorded: NAME -->` and `<!-- end of recorded NAME -->`.
import { readFile, writeFile } from 'node:fs/promises';

/**
 * Puts what `change` makes of the section in its place.
 * @param {string} page path of the page
 * @param {string} name
 * @param {(section: string) => string} change
 * @throws {Error} the page has no such section
 */
export async function changeRecorded(page, name, change) {
  const [begin, end] = [`<!-- recorded: ${name} -->`, `<!-- end of recorded ${name} -->`];
  const text = await readFile(page, 'utf8');
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`${page} lacks the markers ${begin} and ${end}`);
  await writeFile(page, `${text.slice(0, from)}\n\n${change(text.slice(from, to)).trim()}\n\n${text.slice(to)}`);
}
