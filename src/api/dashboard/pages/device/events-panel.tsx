import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { ChipFilter } from '../../components/chip-filter.js';
import { Empty } from '../../components/empty.js';
import { EventDialog } from '../../components/event-dialog.js';
import { NewEvents } from '../../components/new-events.js';
import { Panel } from '../../components/panel.js';
import { Timeline } from '../../components/timeline.js';
import type { EventTail } from '../../data/event-tail.js';
import type { JournalEvent } from '../../data/live.js';
import { withQuery } from '../../frame/query.js';

/** Kinds of events as one asks for them. */
const KINDS: readonly { readonly value: string; readonly word: string; readonly types: RegExp }[] = [
  { value: 'telemetry', word: 'telemetry', types: /^(TelemetryRecorded|DeviceEventRecorded)$/ },
  { value: 'rejected', word: 'rejected', types: /^MessageRejected$/ },
  { value: 'connection', word: 'connection', types: /^Device(Connected|Disconnected)$/ },
  {
    value: 'registry',
    word: 'registry',
    types: /^(Device(Registered|Updated|Enabled|Disabled|Deleted)|Certificate|Token)/,
  },
];
const ROWS = 100;

/** The newest events of the device's stream, on the sequence rail. */
export function EventsPanel({ device, tail }: { readonly device: string; readonly tail: EventTail }) {
  const { query, route } = useLocation();
  const open = useSignal<JournalEvent | undefined>(undefined);
  const asked = query['kinds'];
  const known = tail.events.value;
  // Drawn anew when there is another row, not with every second that the page counts.
  const rows = useMemo(() => {
    const kinds = KINDS.filter(({ value }) => asked?.split(',').includes(value));
    const events = known.filter(({ type }) => kinds.length === 0 || kinds.some(({ types }) => types.test(type)));
    return events.length === 0 ? (
      <Empty title={known.length === 0 ? 'No event yet.' : 'No event of these kinds among the newest.'} />
    ) : (
      <Timeline
        label="Events"
        events={events.slice(0, ROWS)}
        place="sequence"
        onOpen={(event) => (open.value = event)}
      />
    );
  }, [known, asked]);
  return (
    <Panel title="Events" note={<a href={`/events?device=${encodeURIComponent(device)}`}>All events</a>}>
      <ChipFilter
        label="Kinds of events"
        options={KINDS}
        chosen={asked?.split(',') ?? []}
        onChange={(values) => route(withQuery({ kinds: values.join(',') || undefined }), true)}
      />
      <div class="panel-edge" tabIndex={0} role="region" aria-label="Newest events" ref={tail.list}>
        <NewEvents tail={tail} />
        {rows}
      </div>
      {open.value && <EventDialog event={open.value} onClose={() => (open.value = undefined)} />}
    </Panel>
  );
}
