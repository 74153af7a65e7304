import type { NextFunction, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { FleetlogError } from '../actors/kernel/errors.js';

/** Bytes of path and query (security.md §1). */
const MAX_URL_BYTES = 8 * 1024;
const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,64}$/;

declare module 'express-serve-static-core' {
  interface Locals {
    /** Of this request: the caller's own `X-Request-Id` when it is harmless, else a random one. */
    requestId: string;
  }
}

/** Gives each request its id, which the answer, the log and a problem name. */
export function nameRequests(randomBytes: (size: number) => Buffer): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.get('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomBytes(12).toString('base64url');
    response.locals.requestId = requestId;
    response.set('X-Request-Id', requestId);
    next();
  };
}

/** SEC-79. Answers of the API are never kept by a cache. */
export function protectAnswers(): RequestHandler {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
  });
  return (request: Request, response: Response, next: NextFunction) => {
    response.set('Cache-Control', 'no-store');
    if (request.secure) response.set('Strict-Transport-Security', 'max-age=31536000');
    headers(request, response, next);
  };
}

/**
 * Serves only the names that clients are meant to use (SEC-78): a page on another name, which resolves to the loopback
 * address, must not reach the API through its reader's browser.
 * @param publicHosts names or addresses without ports; the loopback names are always among them
 */
export function serveOnlyHosts(publicHosts: readonly string[]): RequestHandler {
  const served = new Set(['127.0.0.1', 'localhost', '[::1]', ...publicHosts.map(asHostHeader)]);
  return (request: Request, _response: Response, next: NextFunction) => {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
    next(served.has(host) ? undefined : new FleetlogError('MISDIRECTED_REQUEST', 'The host name is not served here.'));
  };
}

/** An IPv6 address stands in brackets. */
function asHostHeader(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host.toLowerCase()}]` : host.toLowerCase();
}

export function refuseLongUrls(): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction) => {
    const tooLong = Buffer.byteLength(request.url) > MAX_URL_BYTES;
    next(tooLong ? new FleetlogError('URL_TOO_LONG', 'The address is too long.') : undefined);
  };
}
