import type { ComponentChildren } from 'preact';
import type { EventDescription } from '../format/events.js';
import { preferences } from '../data/preferences.js';
import { absolute, clockTime } from '../format/times.js';

export interface RailRowProps {
  /** What stands at the left edge: a sequence, or shard and position. */
  readonly place: string;
  readonly tone: EventDescription['tone'];
  /** RFC 3339. */
  readonly at: string;
  /** Before the time, at the right end. */
  readonly end?: ComponentChildren;
  /** What lies open below the row, on its rail. */
  readonly sheet?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** One event on the sequence rail. Stands in an `ol` of the class `timeline`. */
export function RailRow({ place, tone, at, end, sheet, children }: RailRowProps) {
  const { zone } = preferences.value;
  const time = Date.parse(at);
  return (
    <li class="timeline-row" data-tone={tone}>
      <span class="timeline-place">{place}</span>
      <span class="timeline-rail">
        <Node tone={tone} />
      </span>
      <span class="timeline-event">{children}</span>
      <span class="timeline-end">
        {end}
        <time class="timeline-time" dateTime={at} title={absolute(time, zone)}>
          {clockTime(time, zone)}
        </time>
      </span>
      {sheet !== undefined && <div class="timeline-sheet">{sheet}</div>}
    </li>
  );
}

/** Another shape for each kind: a diamond is a refusal, a square changes the registry, a disc is life, a ring is data. */
function Node({ tone }: Pick<RailRowProps, 'tone'>) {
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
