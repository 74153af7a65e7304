// What no source file may hold: a step of `npm run check`.
import { readFile, readdir } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

/** SEC-100: ways to run text as code. */
const EVALUATORS = [
  [/(?<![\w.$])eval\s*\(/, 'eval'],
  [/(?<![\w.$])(?:new\s+)?Function\s*\(/, 'Function'],
  [/['"](?:node:)?vm['"]/, 'the module vm'],
];
const IMPORT = /(?:^|[}*\w\s])(?:from|import)\s*\(?\s*'([@\w][\w.:@/-]*)'/gm;

function sourceFaults(path, text, manifest) {
  const listed = { ...manifest.dependencies, ...manifest.devDependencies };
  const imported = new Set(Array.from(text.matchAll(IMPORT), ([, specifier]) => packageOf(specifier)));
  const unlisted = [...imported].filter((name) => !(name in listed) && !builtinModules.includes(name));
  return [
    ...EVALUATORS.filter(([pattern]) => pattern.test(text)).map(([, name]) => `${path} runs text as code: ${name}`),
    ...unlisted.map((name) => `${path} imports ${name}, which package.json does not list`),
  ];
}

/**
 * What is wrong in the files of `src` and `tools`, a sentence each.
 * @param {string} root of the repository
 * @param {{ dependencies?: object, devDependencies?: object }} manifest package.json
 * @returns {Promise<string[]>}
 */
export async function treeFaults(root, manifest) {
  const found = await Promise.all(
    ['src', 'tools'].map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true });
      return entries.filter((name) => /\.(?:js|ts|tsx)$/.test(name)).map((name) => join(folder, name));
    }),
  );
  const faults = found
    .flat()
    .map(async (path) => sourceFaults(path, await readFile(join(root, path), 'utf8'), manifest));
  return (await Promise.all(faults)).flat();
}

/** `@scope/name/file` → `@scope/name`, `node:fs/promises` → `fs`. */
function packageOf(specifier) {
  const parts = specifier.replace(/^node:/, '').split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
