import { Badge } from '../../components/badge.js';
import { RailRow } from '../../components/rail-row.js';
import type { Schema } from '../../data/client.js';
import { sentence } from '../../format/events.js';
import { grouped } from '../../format/numbers.js';

type ConflictEvent = Schema<'ConflictEvent'>;

/** What the refusal says has come in between, the newest first: who has changed what, and whether that is what you change. */
export function ConflictEvents({ events }: { readonly events: readonly ConflictEvent[] }) {
  if (events.length === 0) return null;
  return (
    <>
      <p class="quiet">
        By {[...new Set(events.map(({ principal }) => principal))].join(', ')}, while you were typing:
      </p>
      <ol class="timeline" aria-label="Events in between">
        {events.toReversed().map(({ sequence, type, recordedAt, principal, paths, conflicting }) => (
          <RailRow
            key={sequence}
            place={grouped(sequence)}
            tone="accent"
            at={recordedAt}
            end={conflicting && <Badge tone="warn">what you change</Badge>}
          >
            <span class="timeline-type">{sentence(type)}</span>
            <span class="timeline-detail">
              {paths.join(', ')} by {principal}
            </span>
          </RailRow>
        ))}
      </ol>
    </>
  );
}
