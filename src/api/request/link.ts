import type { PublicCall } from '../call.js';

/** Names the next page in the header `Link` (RFC 8288) too. @param parameter that continues the list */
export function linkNext(
  call: PublicCall,
  next: string | null,
  parameter: 'cursor' | 'after' | 'before' = 'cursor',
): void {
  if (next === null) return;
  const url = new URL(call.request.originalUrl, 'http://localhost');
  url.searchParams.set(parameter, next);
  call.response.set('Link', `<${url.pathname}${url.search}>; rel="next"`);
}
