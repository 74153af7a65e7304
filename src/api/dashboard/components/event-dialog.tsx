import { Dialog } from './dialog.js';
import { EventContent, EventFacts } from './event-facts.js';
import type { JournalEvent } from '../data/live.js';

/** All there is to know of one event: its place, its times, what it says and who caused it. */
export function EventDialog({ event, onClose }: { readonly event: JournalEvent; readonly onClose: () => void }) {
  return (
    <Dialog title={event.type} onClose={onClose}>
      <EventFacts event={event} />
      <p>
        <a href={`/events?event=${event.shard}:${event.position}`}>Open in Events, with cause and effects</a>
      </p>
      <EventContent event={event} />
    </Dialog>
  );
}
