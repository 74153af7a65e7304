import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RequestHandler } from 'express';

/** Where the build puts the bundled dashboard; found from the sources and from the build alike. */
const FOLDER = new URL('../../dist/dashboard/', import.meta.url);

/** First parts of paths that are no pages: what is missing there is a problem document, also for browsers. */
const RESERVED = /^\/(api|assets|docs|healthz|readyz|metrics|ca\.pem|openapi\.json)(\/|$)/;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};

interface ServedFile {
  readonly mediaType: string;
  readonly plain: Buffer;
  /** Absent where compression gains nothing. */
  readonly gzip: Buffer | undefined;
}

/** Answers browsers: bundled files, and the shell for every address that is a page. Everything else goes on to `next`. */
export interface Dashboard {
  readonly handle: RequestHandler;
}

/**
 * Reads the whole bundle, half a megabyte, so that no request touches the disk or can leave the folder.
 * @throws when the dashboard is not built
 */
export function loadDashboard(folder = FOLDER): Dashboard {
  const assets = new Map(
    readdirSync(new URL('assets/', folder)).map((name) => [
      `/assets/${name}`,
      readServed(new URL(`assets/${name}`, folder)),
    ]),
  );
  const shell = readServed(new URL('index.html', folder));
  return {
    handle(request, response, next) {
      const file = request.method === 'GET' || request.method === 'HEAD' ? fileFor(request.path) : undefined;
      if (file === undefined) {
        next();
        return;
      }
      const packed = file.gzip !== undefined && request.acceptsEncodings('gzip') !== false ? file.gzip : undefined;
      response.set({ 'Content-Type': file.mediaType, Vary: 'Accept-Encoding' });
      if (packed) response.set('Content-Encoding', 'gzip');
      // An asset's name holds the hash of its content. The shell names them and is asked for each time.
      if (file !== shell) response.set('Cache-Control', 'public, max-age=31536000, immutable');
      response.end(packed ?? file.plain);

      function fileFor(path: string): ServedFile | undefined {
        const asset = assets.get(path);
        if (asset !== undefined || RESERVED.test(path)) return asset;
        // `*/*` alone, as curl sends it, asks for no page.
        return /\btext\/html\b/.test(request.get('accept') ?? '') ? shell : undefined;
      }
    },
  };
}

function readServed(file: URL): ServedFile {
  const plain = readFileSync(file);
  const extension = extname(file.pathname);
  const mediaType = MEDIA_TYPES[extension];
  if (mediaType === undefined) throw new Error(`the dashboard has a file of an unknown kind: ${file.pathname}`);
  return { mediaType, plain, gzip: extension === '.woff2' ? undefined : gzipSync(plain, { level: 9 }) };
}
