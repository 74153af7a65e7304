import { Code } from './code.js';
import { Copyable } from './copy.js';
import { Dialog } from './dialog.js';
import { Fact } from './fact.js';
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
        <Fact title="Sequence in its stream">
          <code>{grouped(event.sequence)}</code>
        </Fact>
        <Fact title="Kafka partition and position">
          <Copyable text={`${event.shard}:${event.position}`} what="position" />
        </Fact>
        <Fact title="Stream">
          <Copyable text={event.stream} what="stream" />
        </Fact>
        <Fact title="Recorded">{absolute(Date.parse(event.recordedAt), zone)}</Fact>
        <Fact title="Occurred, as the sender says">{absolute(Date.parse(event.occurredAt), zone)}</Fact>
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
