import { Loaded } from '../../components/loaded.js';
import { Timeline } from '../../components/timeline.js';
import { get } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import { useResource } from '../../data/resource.js';
import { nameOf, relationOf, type Relation } from './relations.js';
import { placeOf } from './view.js';

/** Between cause and effect lie seconds, or the time that a device command waits for its device. */
const AROUND_MS = 60 * 60_000;
const ROWS = 50;

const WORDS: Readonly<Record<Relation, string>> = {
  self: 'this event',
  cause: 'its cause',
  effect: 'its effect',
  relative: 'same correlation',
};

/** What led to an event and what it led to, on a rail that can be walked both ways. */
export function CauseChain(props: { readonly event: JournalEvent; readonly onWalk: (event: JournalEvent) => void }) {
  const { event, onWalk } = props;
  const related = useResource((signal) => readRelated(event, signal), [placeOf(event)]);
  return (
    <section class="form">
      <h3>Cause and effects</h3>
      <Loaded of={related} lines={1}>
        {(events) =>
          events.length < 2 ? (
            <p class="quiet">No other event of the hour before and after it has its correlation id.</p>
          ) : (
            <div class="chain">
              <Timeline
                label="Cause and effects"
                events={events}
                place="position"
                devices
                onOpen={onWalk}
                endOf={(other) => <span class="faint">{WORDS[relationOf(event, other)]}</span>}
              />
            </div>
          )
        }
      </Loaded>
    </section>
  );
}

/** In the order in which one led to the other. */
async function readRelated(event: JournalEvent, signal: AbortSignal): Promise<readonly JournalEvent[]> {
  const time = Date.parse(event.recordedAt);
  const { correlationId = nameOf(event) } = event.metadata as { readonly correlationId?: string };
  const { items } = await get('/api/v1/events', {
    query: {
      before: 'head',
      correlationId,
      from: new Date(time - AROUND_MS).toISOString(),
      to: new Date(time + AROUND_MS).toISOString(),
      limit: ROWS,
    },
    signal,
  });
  return items.toReversed();
}
