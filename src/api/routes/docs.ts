import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ERRORS, type ErrorCode } from '../../actors/kernel/errors.js';
import { textParameter, type PublicCall, type PublicHandlers } from '../call.js';
import { missing, STATUS } from '../problem.js';

/** What the pages load; nothing stands inline and nothing comes from elsewhere (SEC-79). */
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  domNode: document.getElementById('reference'),
  deepLinking: true,
  validatorUrl: null,
});
`;
const STYLE = `:root { color-scheme: light dark }
body { font: 14px/20px system-ui, sans-serif; margin: 0 auto; max-width: 720px; padding: 24px }
h1 { font-size: 24px; line-height: 32px }
a { color: LinkText }
`;

/** `/docs`: the reference of the API, and a page for each code that a problem may name. */
export function docsHandlers(): PublicHandlers {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const script = 'text/javascript';
  const files = new Map<string, { readonly mediaType: string; readonly content: string }>([
    ['start.js', { mediaType: script, content: START }],
    ['pages.css', { mediaType: 'text/css', content: STYLE }],
    ['swagger-ui.css', { mediaType: 'text/css', content: readFileSync(join(folder, 'swagger-ui.css'), 'utf8') }],
    ['swagger-ui.js', { mediaType: script, content: readFileSync(join(folder, 'swagger-ui-bundle.js'), 'utf8') }],
  ]);
  return {
    getReference(call) {
      sendPage(call, 'Fleetlog API', 'swagger-ui.css', [
        '<div id="reference"></div>',
        '<script src="/docs/assets/swagger-ui.js"></script>',
        '<script src="/docs/assets/start.js"></script>',
      ]);
    },
    getDocsFile(call) {
      const file = files.get(textParameter(call, 'file'));
      if (file === undefined) throw missing('NOT_FOUND');
      call.response.type(file.mediaType).send(file.content);
    },
    getErrorPage(call) {
      const code = textParameter(call, 'code');
      if (!Object.hasOwn(ERRORS, code)) throw missing('NOT_FOUND');
      const [title, hint] = ERRORS[code as ErrorCode];
      sendPage(call, code, 'pages.css', [
        `<h1><code>${code}</code></h1>`,
        `<p>${escapeHtml(title)}. REST status ${STATUS[code as ErrorCode]}.</p>`,
        `<h2>What to do</h2><p>${escapeHtml(hint)}</p>`,
        '<p>The request id of the problem finds the request in the log. <a href="/docs">Reference of the API</a></p>',
      ]);
    },
  };
}

function sendPage(call: PublicCall, title: string, style: string, body: readonly string[]): void {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>`;
  const link = `<link rel="stylesheet" href="/docs/assets/${style}">`;
  call.response
    .type('text/html')
    .send(
      `<!doctype html>\n<html lang="en"><head>${head}${link}</head><body><main>${body.join('\n')}</main></body></html>\n`,
    );
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
