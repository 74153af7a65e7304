import { Button } from '../../components/button.js';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { readEventAt } from '../../data/event-at.js';
import type { JournalEvent } from '../../data/live.js';
import { useResource } from '../../data/resource.js';
import { EventSheet } from './event-sheet.js';
import { placeOf } from './view.js';

/** The event that the address names, when the list below does not hold it. */
export function PinnedEvent(props: {
  readonly place: { readonly shard: number; readonly position: number };
  readonly onWalk: (event: JournalEvent) => void;
  readonly onClose: () => void;
}) {
  const { place, onWalk, onClose } = props;
  const found = useResource(async (signal) => ({ event: await readEventAt(place, signal) }), [placeOf(place)]);
  const event = found.reading.value.data?.event;
  return (
    <Panel
      title={event?.type ?? `Event ${placeOf(place)}`}
      note={<Button kind="quiet" icon="close" label="Close" onPress={onClose} />}
    >
      <Loaded of={found} lines={4}>
        {({ event: known }) =>
          known === undefined ? (
            <Empty title={`Shard ${place.shard} has no event at position ${place.position} that you may see.`} />
          ) : (
            <div class="stack">
              <EventSheet event={known} onWalk={onWalk} />
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}
