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

/** Revisions that a list of strong ETags names. */
export function revisionsIn(header: string): readonly number[] {
  return [...header.matchAll(/"(\d{1,15})"/g)].map(([, digits]) => Number(digits));
}

/** Whether `If-Match` lets a change pass: absent, or naming the revision. */
export function mayChange(ifMatch: string | undefined, revision: number): boolean {
  return ifMatch === undefined || namesRevision(ifMatch, revision, false);
}

/** The revision that a change is bound to by `If-Match`; the entity compares once more, since somebody may have changed it since. */
export function boundRevision(ifMatch: string | undefined, revision: number): { readonly ifRevision?: number } {
  return ifMatch === undefined || ifMatch.trim() === '*' ? {} : { ifRevision: revision };
}
