import { EventContent, EventFacts } from '../../components/event-facts.js';
import { withQuery } from '../../frame/query.js';
import type { JournalEvent } from '../../data/live.js';
import { CauseChain } from './cause-chain.js';

/** An open event: where it stands, what led to it, what it says. */
export function EventSheet(props: { readonly event: JournalEvent; readonly onWalk: (event: JournalEvent) => void }) {
  const { event, onWalk } = props;
  const { correlationId, principal } = event.metadata as {
    readonly correlationId?: string;
    readonly principal?: string;
  };
  return (
    <>
      <EventFacts event={event} />
      <p class="page-actions">
        <span class="quiet">Show only</span>
        <a href={withQuery({ stream: event.stream, device: undefined })}>this stream</a>
        <a href={withQuery({ types: event.type })}>this type</a>
        {principal !== undefined && <a href={withQuery({ principal })}>this principal</a>}
        {correlationId !== undefined && <a href={withQuery({ correlationId })}>this correlation id</a>}
      </p>
      <CauseChain event={event} onWalk={onWalk} />
      <EventContent event={event} />
    </>
  );
}
