import type { JournalEvent } from '../../data/live.js';

/** How one event stands to another of the same correlation. */
export type Relation = 'self' | 'cause' | 'effect' | 'relative';

/** As `causationId` names an event: `<stream>:<sequence>`. */
export function nameOf({ stream, sequence }: Pick<JournalEvent, 'stream' | 'sequence'>): string {
  return `${stream}:${sequence}`;
}

/** What `other` is to `event`. */
export function relationOf(event: JournalEvent, other: JournalEvent): Relation {
  if (nameOf(other) === nameOf(event)) return 'self';
  if (causeOf(event) === nameOf(other)) return 'cause';
  return causeOf(other) === nameOf(event) ? 'effect' : 'relative';
}

function causeOf({ metadata }: JournalEvent): string | undefined {
  return (metadata as { readonly causationId?: string }).causationId;
}
