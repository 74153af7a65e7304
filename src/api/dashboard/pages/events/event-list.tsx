import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { NewEvents } from '../../components/new-events.js';
import { Panel } from '../../components/panel.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Timeline } from '../../components/timeline.js';
import { MOST_ROWS, useEventTail } from '../../data/event-tail.js';
import { paused, type JournalEvent } from '../../data/live.js';
import { preferences } from '../../data/preferences.js';
import { counted, grouped } from '../../format/numbers.js';
import { withQuery } from '../../frame/query.js';
import { readHistory, type EventHistory } from './event-history.js';
import { EventSheet } from './event-sheet.js';
import { NoEvents } from './no-events.js';
import { PinnedEvent } from './pinned-event.js';
import { SelectedEvents } from './selected-events.js';
import { behindRows, placeOf, readPlace, type EventRequest } from './view.js';

export interface EventListProps {
  readonly request: EventRequest;
  readonly first: EventHistory;
  /** The server has forgotten the place where this list began. */
  readonly onLost: () => void;
}

/** The journal from its newest event on, live unless the range has an end. */
export function EventList({ request, first, onLost }: EventListProps) {
  const { query, route } = useLocation();
  const newest = query['before'] === undefined;
  const live = newest && request.to === undefined && request.credential === undefined;
  const tail = useEventTail({ query: request, after: first.after, ready: live, onLost }, [first]);
  const history = useSignal(first);
  const older = useAttempt();
  const selected = useSignal<ReadonlySet<string>>(new Set());
  useEffect(() => {
    history.value = first;
    tail.begin(first.events);
  }, [first]);

  const events = tail.events.value;
  const { next, passed, estimate } = history.value;
  const place = readPlace(query['event']);
  const open = place && placeOf(place);
  const inList = events.some((event) => placeOf(event) === open);
  const show = (event: string | undefined): void => route(withQuery({ event }), true);
  const walk = (event: JournalEvent): void => show(placeOf(event));
  const readOlder = (): void =>
    void older.run(async () => {
      const more = await readHistory(request, history.value.next ?? 'head', AbortSignal.timeout(60_000));
      history.value = {
        ...more,
        passed: passed + more.passed,
        estimate: history.value.events.length + more.estimate,
        events: [...history.value.events, ...more.events],
      };
      tail.append(more.events);
    });
  const toggle = (key: string): void => {
    const change = new Set(selected.value);
    if (!change.delete(key)) change.add(key);
    selected.value = change;
  };
  const onKey = (event: KeyboardEvent): void => {
    const key = (event.target as HTMLElement).dataset['rowLink'];
    if (event.key === 'Escape' && open !== undefined && inList) {
      show(undefined);
      document.querySelector<HTMLElement>(`[data-row-link="${open}"]`)?.focus();
    } else if (event.key === 'x' && key !== undefined && preferences.value.shortcuts) toggle(key);
  };
  return (
    <>
      {place && !inList && <PinnedEvent place={place} onWalk={walk} onClose={() => show(undefined)} />}
      <SelectedEvents
        events={events.filter((event) => selected.value.has(placeOf(event)))}
        onClear={() => (selected.value = new Set())}
      />
      <Panel
        title={newest ? 'The newest first' : 'Older events'}
        flush
        note={
          <>
            {events.length > 0 && (
              <span>
                {grouped(events.length)} of {next === null ? '' : 'about '}
                {counted(Math.max(estimate, events.length), 'event')}
              </span>
            )}
            {!newest && <a href={withQuery({ before: undefined, event: undefined })}>Back to the newest</a>}
            {live && (
              <Button
                kind="quiet"
                icon={paused.value ? 'play' : 'pause'}
                label={paused.value ? 'Go on' : 'Pause'}
                onPress={() => (paused.value = !paused.value)}
              />
            )}
          </>
        }
      >
        <div ref={tail.list} onKeyDown={onKey}>
          <NewEvents tail={tail} />
          {events.length === 0 ? (
            <NoEvents request={request} passed={next === null ? undefined : passed} />
          ) : (
            <Timeline
              label="Events"
              events={events}
              place="position"
              devices
              onOpen={(event) => show(placeOf(event) === open ? undefined : placeOf(event))}
              sheetOf={(event) => (placeOf(event) === open ? <EventSheet event={event} onWalk={walk} /> : undefined)}
              endOf={(event) => (
                <input
                  type="checkbox"
                  class="row-select"
                  aria-label={`Select ${placeOf(event)}`}
                  checked={selected.value.has(placeOf(event))}
                  onChange={() => toggle(placeOf(event))}
                />
              )}
            />
          )}
        </div>
        {older.problem.value && <ProblemNote problem={older.problem.value} onRetry={readOlder} />}
        {next !== null && (
          <div class="table-foot">
            <span>Looked through {counted(passed, 'event')} so far.</span>
            {events.length < MOST_ROWS ? (
              <Button label="Look further back" busy={older.busy.value} onPress={readOlder} />
            ) : (
              <a class="button" href={withQuery({ before: behindRows(events, first.after), event: undefined })}>
                Go on from the oldest row
              </a>
            )}
          </div>
        )}
      </Panel>
    </>
  );
}
