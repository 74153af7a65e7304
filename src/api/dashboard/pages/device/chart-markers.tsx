import { useMemo } from 'preact/hooks';
import type { ChartMarker } from '../../components/chart-options.js';
import { get } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import { useResource } from '../../data/resource.js';
import { grouped } from '../../format/numbers.js';

/** Events that are worth a mark on a chart, and what the mark says. */
const MARKS = {
  DeviceConnected: { tone: 'accent', word: 'connected' },
  DeviceDisconnected: { tone: 'quiet', word: 'disconnected' },
  MessageRejected: { tone: 'bad', word: 'message rejected' },
} as const satisfies Readonly<Record<string, { readonly tone: ChartMarker['tone']; readonly word: string }>>;
/** More would be a comb. */
const MOST = 200;

/** What happened to a device between two times: from the journal, and from its stream since. ms since 1970. */
export function useMarkers(
  device: string,
  events: readonly JournalEvent[],
  range: { readonly from: () => number; readonly to: () => number; readonly key: string },
): readonly ChartMarker[] {
  const past = useResource(
    (signal) =>
      get('/api/v1/events', {
        query: {
          device,
          types: Object.keys(MARKS).join(','),
          from: new Date(range.from()).toISOString(),
          to: new Date(range.to()).toISOString(),
          before: 'head',
          limit: MOST,
        },
        signal,
      }),
    [device, range.key],
  ).reading.value.data;
  return useMemo(() => markersOf([...events, ...(past?.items ?? [])]), [events, past]);
}

/** One mark for each event, however often it is told. */
function markersOf(events: readonly JournalEvent[]): readonly ChartMarker[] {
  const marks = new Map<number, ChartMarker>();
  for (const { type, sequence, recordedAt } of events) {
    const mark = (MARKS as Readonly<Record<string, { readonly tone: ChartMarker['tone'] }>>)[type];
    if (mark !== undefined) marks.set(sequence, { at: Date.parse(recordedAt) / 1000, tone: mark.tone });
  }
  return [...marks.values()];
}

/** What the marks on a chart are, as far as there are any. */
export function MarkerKey({ markers }: { readonly markers: readonly ChartMarker[] }) {
  return (
    <>
      {Object.values(MARKS).map(({ tone, word }) => {
        const count = markers.filter((marker) => marker.tone === tone).length;
        return count === 0 ? null : (
          <span key={tone} class="marker-key" data-tone={tone}>
            <svg viewBox="0 0 10 8" aria-hidden="true">
              <path d="M0 8h10L5 0z" />
            </svg>
            {word}, {grouped(count)}
          </span>
        );
      })}
    </>
  );
}
