import { Button } from '../../components/button.js';
import { Copy } from '../../components/copy.js';
import type { JournalEvent } from '../../data/live.js';
import { counted } from '../../format/numbers.js';

/** What can be done with the rows that were chosen with `x`. */
export function SelectedEvents({
  events,
  onClear,
}: {
  readonly events: readonly JournalEvent[];
  readonly onClear: () => void;
}) {
  if (events.length === 0) return null;
  return (
    <section class="selection" aria-label="Selected rows">
      <span>{counted(events.length, 'row')} selected</span>
      <span class="page-actions">
        <span class="quiet">as NDJSON</span>
        <Copy text={events.map((event) => JSON.stringify(event)).join('\n')} what="selected rows as NDJSON" />
        <Button kind="quiet" label="Clear" onPress={onClear} />
      </span>
    </section>
  );
}
