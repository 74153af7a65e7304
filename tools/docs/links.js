// Relative links and anchors of the Markdown files: each must lead to a file, and to a heading in it.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

const CODE = /^(`{3,})[^\n]*\n[\s\S]*?^\1`*$|`[^`\n]*`/gm;
const LINK = /\]\(([^()\s]+)\)|(?:src|href|srcset)="([^"]+)"/g;
const HEADING = /^#{1,6} +(.+?) *$/gm;

/** README and its neighbours, llms.txt among them, and everything below docs/. */
export async function documentationFiles(root) {
  const pages = (await readdir(join(root, 'docs'), { recursive: true })).map((name) => join('docs', name));
  return [...(await readdir(root)), ...pages]
    .filter((name) => name.endsWith('.md') || name === 'llms.txt')
    .map((name) => join(root, name))
    .sort();
}

/** @returns {Promise<string[]>} one sentence per link that leads nowhere */
export async function brokenLinks(root, files) {
  const anchors = new Map();
  const anchorsOf = async (file) => {
    if (!anchors.has(file)) anchors.set(file, headingAnchors(await readFile(file, 'utf8')));
    return anchors.get(file);
  };
  const faults = [];
  for (const file of files) {
    const text = (await readFile(file, 'utf8')).replace(CODE, '');
    for (const [, link, attribute] of text.matchAll(LINK)) {
      const fault = await linkFault(file, link ?? attribute, anchorsOf);
      if (fault) faults.push(`${relative(root, file)} links to ${link ?? attribute}: ${fault}`);
    }
  }
  return faults;
}

async function linkFault(file, link, anchorsOf) {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path, anchor] = link.split('#', 2);
  const target = path === '' ? file : resolve(dirname(file), path);
  if (!existsSync(target)) return 'no such file';
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return (await anchorsOf(target)).has(anchor) ? undefined : 'no such heading';
}

/** Anchors as GitHub makes them: lower case, punctuation dropped, blanks to dashes, a number for repeats. */
function headingAnchors(text) {
  const seen = new Map();
  const anchors = new Set();
  for (const [, heading] of text.replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1`*$/gm, '').matchAll(HEADING)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/`/g, '');
    const anchor = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replace(/ /g, '-');
    const repeats = seen.get(anchor) ?? 0;
    seen.set(anchor, repeats + 1);
    anchors.add(repeats === 0 ? anchor : `${anchor}-${repeats}`);
  }
  return anchors;
}
