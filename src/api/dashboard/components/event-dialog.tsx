import { Code } from './code.js';
import { Copyable } from './copy.js';
import { Dialog } from './dialog.js';
import type { JournalEvent } from '../data/live.js';
import { preferences } from '../data/preferences.js';
import { grouped } from '../format/numbers.js';
import { absolute } from '../format/times.js';

/** All there is to know of one event: its place, its times, what it says and who caused it. */
export function EventDialog({ event, onClose }: { readonly event: JournalEvent; readonly onClose: () => void }) {
  const { zone } = preferences.value;
  const received = receivedPayload(event);
  return (
    <Dialog title={event.type} onClose={onClose}>
      <dl class="facts">
        <div class="fact">
          <dt>Sequence in its stream</dt>
          <dd>
            <code>{grouped(event.sequence)}</code>
          </dd>
        </div>
        <div class="fact">
          <dt>Kafka partition and position</dt>
          <dd>
            <Copyable text={`${event.shard}:${event.position}`} what="position" />
          </dd>
        </div>
        <div class="fact">
          <dt>Stream</dt>
          <dd>
            <Copyable text={event.stream} what="stream" />
          </dd>
        </div>
        <div class="fact">
          <dt>Recorded</dt>
          <dd>{absolute(Date.parse(event.recordedAt), zone)}</dd>
        </div>
        <div class="fact">
          <dt>Occurred, as the sender says</dt>
          <dd>{absolute(Date.parse(event.occurredAt), zone)}</dd>
        </div>
      </dl>
      {received !== undefined && (
        <section class="form">
          <h3>Payload as received</h3>
          <Code label="payload as received" text={received} />
        </section>
      )}
      <section class="form">
        <h3>Payload</h3>
        <Code label="payload" text={JSON.stringify(event.payload, undefined, 2)} />
      </section>
      <section class="form">
        <h3>Metadata</h3>
        <Code label="metadata" text={JSON.stringify(event.metadata, undefined, 2)} />
      </section>
    </Dialog>
  );
}

/** What a refused message was, as text; bytes that are no UTF-8 show as such. */
function receivedPayload({ type, payload }: JournalEvent): string | undefined {
  const encoded = (payload as { payload?: unknown }).payload;
  if (type !== 'MessageRejected' || typeof encoded !== 'string') return undefined;
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
