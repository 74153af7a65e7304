import { Panel } from '../../components/panel.js';
import { Timeline } from '../../components/timeline.js';
import { Empty } from '../../components/empty.js';
import { useEventTail } from '../../data/event-tail.js';

const ROWS = 14;

/** The newest events of the whole journal. */
export function JournalNow() {
  const tail = useEventTail({ query: {}, bound: ROWS }, []);
  return (
    <Panel title="Journal" note={<a href="/events">All events</a>} flush>
      {tail.events.value.length === 0 ? (
        <Empty title="No event since this page was opened." />
      ) : (
        <Timeline label="The newest events" events={tail.events.value} place="position" devices />
      )}
    </Panel>
  );
}
