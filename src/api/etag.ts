/** Strong ETag of a revision (RFC 9110 §8.8.3). */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * Whether a list of ETags, or `*`, names this revision.
 * @param weak compare weakly, as `If-None-Match` does; `If-Match` takes strong ones only (RFC 9110 §13.1.1)
 */
export function namesRevision(header: string, revision: number, weak: boolean): boolean {
  const etag = etagOf(revision);
  return header
    .split(',')
    .map((part) => part.trim())
    .some((part) => part === '*' || part === etag || (weak && part === `W/${etag}`));
}
