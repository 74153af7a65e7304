import { get } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import type { EventRequest } from './view.js';

/** A piece of the journal, read from its end. */
export interface EventHistory {
  /** The newest first. */
  readonly events: readonly JournalEvent[];
  /** Where older ones are; `null` = there are none. */
  readonly next: string | null;
  /** Behind this place the live stream goes on. */
  readonly after: string;
  /** About how many events of the selection there are in this piece and behind it. */
  readonly estimate: number;
  /** Events that were looked through. */
  readonly passed: number;
}

const ROWS = 100;
/** Each looks through 10,000 events; a reader who waits longer wants to be asked. */
const REQUESTS = 4;

/** Reads until there are enough rows, all are read, or it has taken long enough. @param before `next` of the piece before */
export async function readHistory(request: EventRequest, before: string, signal: AbortSignal): Promise<EventHistory> {
  let history: EventHistory | undefined;
  for (let asked = 0; asked < REQUESTS; asked++) {
    const page = await get('/api/v1/events', {
      query: { ...request, before: history?.next ?? before, limit: ROWS - (history?.events.length ?? 0) },
      signal,
    });
    const events: readonly JournalEvent[] = [...(history?.events ?? []), ...page.items];
    const after = history?.after ?? page.after;
    history = {
      events,
      next: page.next,
      after,
      estimate: events.length - page.items.length + (page.estimate ?? 0),
      passed: page.next === null ? 0 : sum(after) - sum(page.next),
    };
    if (page.next === null || events.length >= ROWS) break;
  }
  if (history === undefined) throw new Error('nothing was asked');
  return history;
}

/** Of the positions of all shards. */
function sum(positions: string): number {
  return positions.split(',').reduce((total, place) => total + Number(place.split(':')[1]), 0);
}
