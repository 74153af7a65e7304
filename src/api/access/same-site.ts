import type { Request } from 'express';
import { FleetlogError } from '../../actors/kernel/errors.js';

/** What HTML forms can send without asking (WHATWG HTML §4.10.21.5). */
const FORM_TYPES = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

/**
 * Refuses a state-changing request that a page of another site may have made with its reader's cookie (SEC-77). Browsers tell
 * with `Sec-Fetch-Site` where a request comes from, older ones with `Origin`; a page can forge neither.
 * @throws FleetlogError `CROSS_SITE_REQUEST`
 */
export function refuseCrossSite(request: Request): void {
  const site = request.get('sec-fetch-site');
  const own =
    site === undefined
      ? request.get('origin') === `${request.protocol}://${request.get('host') ?? ''}`
      : site === 'same-origin';
  if (!own || FORM_TYPES.test(request.get('content-type') ?? '')) {
    throw new FleetlogError('CROSS_SITE_REQUEST', 'The request does not come from a page of this server.');
  }
}

/** Whether a browser has made the request for some page: other clients send neither header. */
export function fromBrowser(request: Request): boolean {
  return request.get('sec-fetch-site') !== undefined || request.get('origin') !== undefined;
}
