import { createHash } from 'node:crypto';
import { FleetlogError } from '../../actors/kernel/errors.js';

/**
 * An opaque cursor: where the next page begins, bound to the query that it belongs to.
 * @param query everything that decides which rows come in which order, the tenant included
 */
export function encodeCursor(query: readonly unknown[], place: unknown): string {
  return Buffer.from(JSON.stringify([bindingOf(query), place])).toString('base64url');
}

/** @throws FleetlogError `CURSOR_INVALID` for a cursor of another query, or none of ours */
export function decodeCursor(query: readonly unknown[], cursor: string): unknown {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    refuseCursor();
  }
  if (!Array.isArray(content) || content.length !== 2 || content[0] !== bindingOf(query)) refuseCursor();
  return content[1];
}

export function refuseCursor(): never {
  throw new FleetlogError('CURSOR_INVALID', 'The cursor does not belong to this query.', { pointer: 'cursor' });
}

function bindingOf(query: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 11);
}
