// Bundles the dashboard (src/api/dashboard) for browsers: hashed scripts, styles and fonts, the shell that names them, and
// the types of the REST contract that the dashboard is checked against. Nothing is fetched from anywhere, now or later.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

// Not `import.meta.dirname`: an old Node must get as far as being told that it is too old.
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src/api/dashboard');
/** Browsers of the last two years and a half. */
const TARGET = ['chrome114', 'firefox115', 'safari16.4'];

/**
 * @param {{ outFolder?: string, development?: boolean }} [options] a development build has the gallery page and source maps
 */
export async function buildDashboard({ outFolder = join(ROOT, 'dist/dashboard'), development = false } = {}) {
  const { build } = await import('esbuild');
  await rm(outFolder, { recursive: true, force: true });
  await mkdir(outFolder, { recursive: true });
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    minify: !development,
    sourcemap: development ? 'linked' : false,
    target: TARGET,
    legalComments: 'none',
    metafile: true,
    outdir: join(outFolder, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    define: { DEVELOPMENT: String(development) },
    loader: { '.woff2': 'file' },
    logLevel: 'warning',
  };
  const [modules, theme] = await Promise.all([
    build({
      ...common,
      entryPoints: [join(SOURCE, 'main.tsx'), join(SOURCE, 'styles/index.css')],
      format: 'esm',
      splitting: true,
      jsx: 'automatic',
      jsxImportSource: 'preact',
    }),
    // A classic script: it runs before the first paint.
    build({ ...common, entryPoints: [join(SOURCE, 'theme.ts')], format: 'iife' }),
  ]);
  const outputs = { ...modules.metafile.outputs, ...theme.metafile.outputs };
  await writeFile(join(outFolder, 'index.html'), await shell(outputs, outFolder));
}

/** Writes the types of `openapi.yaml`, which the dashboard's compiler reads. */
export async function writeContractTypes(file = join(ROOT, 'dist/dashboard-contract.d.ts')) {
  const { default: openapiTS, astToString } = await import('openapi-typescript');
  const types = astToString(await openapiTS(new URL('src/api/openapi.yaml', `file://${ROOT}`)));
  await writeFile(file, types);
}

async function shell(outputs, outFolder) {
  const urlOf = (path) => `/${relative(outFolder, join(ROOT, path))}`;
  const entry = (source) => {
    const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(source));
    if (!found) throw new Error(`the bundle has no ${source}`);
    return { url: urlOf(found[0]), ...found[1] };
  };
  const main = entry('dashboard/main.tsx');
  const chunks = main.imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => urlOf(path));
  const fonts = Object.keys(outputs).filter((path) => path.endsWith('.woff2'));
  const filled = {
    theme: entry('dashboard/theme.ts').url,
    styles: entry('styles/index.css').url,
    main: main.url,
    preloads: [
      ...chunks.map((url) => `<link rel="modulepreload" href="${url}">`),
      ...fonts.map((path) => `<link rel="preload" href="${urlOf(path)}" as="font" type="font/woff2" crossorigin>`),
    ].join('\n    '),
    icons: await iconSprite(),
  };
  const template = await readFile(join(SOURCE, 'shell.html'), 'utf8');
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => filled[name]);
}

/** The icons as symbols: in the shell itself, so that they cost no request and are there with the first paint. */
async function iconSprite() {
  const names = JSON.parse(await readFile(join(SOURCE, 'icons.json'), 'utf8'));
  const symbols = Object.entries(names).map(async ([name, file]) => {
    const svg = await readFile(join(ROOT, 'node_modules/lucide-static/icons', `${basename(file)}.svg`), 'utf8');
    const shapes = svg.replace(/^[\s\S]*?<svg[\s\S]*?>/, '').replace(/<\/svg>\s*$/, '');
    return `<symbol id="icon-${name}" viewBox="0 0 24 24">${shapes.replaceAll(/\s*\n\s*/g, '')}</symbol>`;
  });
  return (await Promise.all(symbols)).join('');
}
