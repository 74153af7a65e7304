import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { FleetlogError, type ErrorCode } from '../actors/kernel/errors.js';
import { problemOf } from './problem.js';

/** Node's codes for what its parser has given up; what is not here is no HTTP at all. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

/**
 * Answers with a problem document what never became a request, or never came to its end: express does not hear of it, and Node by
 * itself would send a status line and nothing else.
 */
export function answerUnreadable(server: Server, randomBytes: (size: number) => Buffer): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex & UnderAnswer) => {
    // Into an answer that has begun, another one must not be written.
    if (socket.writable && socket._httpMessage?.headersSent !== true) {
      const code = CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED';
      socket.write(answerTo(code, randomBytes(12).toString('base64url')));
    }
    socket.destroySoon();
  });
}

/** Node 20's own handler of these errors looks at the same member (`_http_server.js`, `socketOnError`). */
interface UnderAnswer {
  readonly _httpMessage?: Pick<ServerResponse, 'headersSent'> | null;
  destroySoon(): void;
}

function answerTo(code: ErrorCode, requestId: string): string {
  const { status, body } = problemOf(new FleetlogError(code, 'Nothing of it was done.'), { instance: '/', requestId });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
