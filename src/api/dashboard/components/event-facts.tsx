import type { ComponentChildren } from 'preact';
import { Badge } from './badge.js';
import { Code } from './code.js';
import { Copyable } from './copy.js';
import { Fact } from './fact.js';
import { useEventsTopic } from '../data/events-topic.js';
import type { JournalEvent } from '../data/live.js';
import { preferences } from '../data/preferences.js';
import { grouped } from '../format/numbers.js';
import { absolute, duration } from '../format/times.js';

/** A sender's clock that is wrong by more is worth a word. */
const SKEW_MS = 2_000;

/** An event's place, its times, who caused it, and its link of the hash chain. */
export function EventFacts({
  event,
  children,
}: {
  readonly event: JournalEvent;
  readonly children?: ComponentChildren;
}) {
  const { zone } = preferences.value;
  const topic = useEventsTopic();
  const recorded = Date.parse(event.recordedAt);
  const occurred = Date.parse(event.occurredAt);
  const skew = occurred - recorded;
  const { principal, hash } = event.metadata as { readonly principal?: string; readonly hash?: string };
  return (
    <dl class="facts">
      <Fact title="Sequence in its stream">
        <code>{grouped(event.sequence)}</code>
      </Fact>
      <Fact title="Kafka topic, partition, position" wide>
        <Copyable
          text={[topic, event.shard, event.position].filter((part) => part !== undefined).join('-')}
          what="place"
        />
      </Fact>
      <Fact title="Stream" wide>
        <Copyable text={event.stream} what="stream" />
      </Fact>
      <Fact title="Recorded" wide>
        {absolute(recorded, zone)}
      </Fact>
      <Fact title="Occurred, as the sender says" wide>
        {absolute(occurred, zone)}{' '}
        {Math.abs(skew) > SKEW_MS && (
          <Badge tone="warn">
            {duration(Math.abs(skew))} {skew > 0 ? 'ahead' : 'behind'}
          </Badge>
        )}
      </Fact>
      {principal !== undefined && (
        <Fact title="Principal">
          <Copyable text={principal} what="principal" />
        </Fact>
      )}
      {hash !== undefined && (
        <Fact title="Hash">
          <Copyable text={hash} shown={hash.slice(0, 12)} what="hash" />
        </Fact>
      )}
      {children}
    </dl>
  );
}

/** What the event says and who caused it, as JSON; of a refused message also what the device had sent. */
export function EventContent({ event }: { readonly event: JournalEvent }) {
  const received = receivedPayload(event);
  return (
    <>
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
    </>
  );
}

/** What a refused message was, as text; bytes that are no UTF-8 show as such. */
function receivedPayload({ type, payload }: JournalEvent): string | undefined {
  const encoded = (payload as { payload?: unknown }).payload;
  if (type !== 'MessageRejected' || typeof encoded !== 'string') return undefined;
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
