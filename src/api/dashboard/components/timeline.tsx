import type { ComponentChildren } from 'preact';
import type { JournalEvent } from '../data/live.js';
import { preferences } from '../data/preferences.js';
import { grouped } from '../format/numbers.js';
import { describeEvent } from '../format/events.js';
import { absolute, clockTime } from '../format/times.js';

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
  const { zone } = preferences.value;
  return (
    <ol class="timeline" aria-label={label}>
      {events.map((event) => {
        const { tone, title, detail } = describeEvent(event);
        const time = Date.parse(event.recordedAt);
        const sheet = sheetOf?.(event);
        return (
          <li key={`${event.shard}:${event.position}`} class="timeline-row" data-tone={tone}>
            <span class="timeline-place">
              {place === 'sequence' ? grouped(event.sequence) : `${event.shard}:${grouped(event.position)}`}
            </span>
            <span class="timeline-rail">
              <Node tone={tone} />
            </span>
            <span class="timeline-event">
              {devices && <Stream event={event} />}
              <span class="timeline-type">
                {onOpen ? (
                  <button
                    class="link"
                    type="button"
                    data-row-link={`${event.shard}:${event.position}`}
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
            </span>
            <span class="timeline-end">
              {endOf?.(event)}
              <time class="timeline-time" dateTime={event.recordedAt} title={absolute(time, zone)}>
                {clockTime(time, zone)}
              </time>
            </span>
            {sheet !== undefined && <div class="timeline-sheet">{sheet}</div>}
          </li>
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

/** Another shape for each kind: a diamond is a refusal, a square changes the registry, a disc is life, a ring is data. */
function Node({ tone }: { readonly tone: string }) {
  return (
    <svg class="timeline-node" viewBox="0 0 9 9" aria-hidden="true">
      {tone === 'bad' ? (
        <path d="M4.5 0 9 4.5 4.5 9 0 4.5z" />
      ) : tone === 'accent' ? (
        <path d="M1 1h7v7H1z" />
      ) : (
        <circle cx="4.5" cy="4.5" r={tone === 'plain' ? 2.5 : 3.75} />
      )}
    </svg>
  );
}
