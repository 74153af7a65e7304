import type { ComponentChildren } from 'preact';
import type { JournalEvent } from '../data/live.js';
import { grouped } from '../format/numbers.js';
import { describeEvent } from '../format/events.js';
import { RailRow } from './rail-row.js';

export interface TimelineProps {
  readonly label: string;
  /** The newest first. */
  readonly events: readonly JournalEvent[];
  /** What stands at the left edge: the sequence in a device's stream, or shard and position in the journal. */
  readonly place: 'sequence' | 'position';
  /** Whether each row names its device. */
  readonly devices?: boolean;
  readonly onOpen?: (event: JournalEvent) => void;
  /** What lies open below a row, on its rail; `undefined` = the row is closed. */
  readonly sheetOf?: (event: JournalEvent) => ComponentChildren;
  /** Before the time, at the right end. */
  readonly endOf?: (event: JournalEvent) => ComponentChildren;
}

/** Events on the sequence rail. */
export function Timeline(props: TimelineProps) {
  const { label, events, place, devices = false, onOpen, sheetOf, endOf } = props;
  const placeOf = ({ shard, position, sequence }: JournalEvent): string =>
    place === 'sequence' ? grouped(sequence) : `${shard}:${grouped(position)}`;
  // Rows are laid out one by one: the longest place keeps the rail straight through all of them.
  const longest = events.reduce((most, event) => Math.max(most, placeOf(event).length), 0);
  return (
    <ol class="timeline" aria-label={label} style={{ '--place': `${longest}ch` }}>
      {events.map((event) => {
        const { tone, title, detail } = describeEvent(event);
        const position = `${event.shard}:${event.position}`;
        const sheet = sheetOf?.(event);
        return (
          <RailRow
            key={position}
            place={placeOf(event)}
            tone={tone}
            at={event.recordedAt}
            end={endOf?.(event)}
            sheet={sheet}
          >
            {devices && <Stream event={event} />}
            <span class="timeline-type">
              {onOpen ? (
                <button
                  class="link"
                  type="button"
                  data-row-link={position}
                  aria-expanded={sheetOf && sheet !== undefined}
                  onClick={() => onOpen(event)}
                >
                  {title}
                </button>
              ) : (
                title
              )}
            </span>
            <span class="timeline-detail">{detail}</span>
          </RailRow>
        );
      })}
    </ol>
  );
}

/** The device of an event, or the stream of one that is about none. */
function Stream({ event: { device, stream } }: { readonly event: JournalEvent }) {
  return device === null ? (
    <span class="timeline-stream faint" title={stream}>
      {stream
        .split('/')
        .filter((_, index) => index !== 1)
        .join('/')}
    </span>
  ) : (
    <a class="timeline-stream" href={`/devices/${encodeURIComponent(device)}`} title={stream}>
      {device}
    </a>
  );
}
