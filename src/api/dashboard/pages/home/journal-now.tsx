import { useEffect } from 'preact/hooks';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Timeline } from '../../components/timeline.js';
import { get } from '../../data/client.js';
import { useEventTail } from '../../data/event-tail.js';
import type { JournalEvent } from '../../data/live.js';
import { useResource } from '../../data/resource.js';

const ROWS = 14;

/** The newest events of the whole journal. */
export function JournalNow() {
  const newest = useResource((signal) => get('/api/v1/events', { query: { before: 'head', limit: ROWS }, signal }), []);
  return (
    <Panel title="Journal" note={<a href="/events">All events</a>} flush>
      <Loaded of={newest} lines={ROWS}>
        {({ items, after }) => <Tail newest={items} after={after} onLost={() => void newest.reload()} />}
      </Loaded>
    </Panel>
  );
}

interface TailProps {
  readonly newest: readonly JournalEvent[];
  /** Behind this place the live stream goes on. */
  readonly after: string;
  readonly onLost: () => void;
}

function Tail({ newest, after, onLost }: TailProps) {
  const tail = useEventTail({ query: {}, after, bound: ROWS, onLost }, [newest]);
  useEffect(() => tail.begin(newest), [newest]);
  const events = tail.events.value;
  return events.length === 0 ? (
    <Empty title="No event yet.">
      <p>Whatever devices send and people change stands here as it is journaled.</p>
    </Empty>
  ) : (
    <Timeline label="The newest events" events={events} place="position" devices />
  );
}
