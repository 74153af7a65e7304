import { useEffect, useMemo } from 'preact/hooks';
import { signal, type ReadonlySignal } from '@preact/signals';
import { followJournal, type JournalEvent } from './live.js';

export interface EventTail {
  /** The newest first, never more than the bound. */
  readonly events: ReadonlySignal<readonly JournalEvent[]>;
  /** Events that have come while the list was held. */
  readonly waiting: ReadonlySignal<number>;
  /** `ref` of the element around the list: while pointer or focus is on it, or its top is out of sight, nothing moves. */
  readonly list: (element: Element | null) => void;
  /** Puts in what waits, held or not. */
  readonly show: () => void;
  /** Puts in what was read from history, in place of all that is there. */
  begin(events: readonly JournalEvent[]): void;
  /** Puts older ones behind. */
  append(events: readonly JournalEvent[]): void;
}

/** Rows that any live list keeps. */
export const MOST_ROWS = 500;
/** Pieces that arrive within this time are shown together. */
const DRAW_MS = 250;

/**
 * Follows the journal into a list of bounded length.
 * @param keys say when `query` or `after` mean something else
 */
export function useEventTail(
  options: {
    readonly query: Readonly<Record<string, string>>;
    readonly after?: string | undefined;
    /** `false` until it is known where to begin. */
    readonly ready?: boolean;
    /** @default 500 */
    readonly bound?: number;
    readonly onEvents?: (events: readonly JournalEvent[]) => void;
    /** The place is lost: what was read from history is to be read again. */
    readonly onLost?: () => void;
  },
  keys: readonly unknown[],
): EventTail {
  const { query, after, ready = true, bound = MOST_ROWS, onEvents, onLost } = options;
  const tail = useMemo(() => createTail(bound), keys);
  useEffect(() => {
    if (!ready) return undefined;
    const stop = followJournal({
      query,
      ...(after === undefined ? {} : { after }),
      ...(onLost && { onLost }),
      onEvents(events) {
        tail.add(events);
        onEvents?.(events);
      },
    });
    return () => {
      stop();
      tail.stop();
    };
  }, [tail, ready, after]);
  return tail;
}

function createTail(bound: number): EventTail & { add(events: readonly JournalEvent[]): void; stop(): void } {
  const events = signal<readonly JournalEvent[]>([]);
  const waiting = signal(0);
  let element: Element | null = null;
  let fresh: readonly JournalEvent[] = [];
  let came = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isHeld = (): boolean =>
    element !== null &&
    events.value.length > 0 &&
    (element.matches(':hover, :focus-within') || element.getBoundingClientRect().top < 0);
  const show = (): void => {
    events.value = [...newestFirst(fresh), ...events.value].slice(0, bound);
    fresh = [];
    came = 0;
    waiting.value = 0;
  };
  const draw = (): void => {
    timer = undefined;
    if (came === 0) return;
    if (!isHeld()) {
      show();
      return;
    }
    waiting.value = came;
    timer = setTimeout(draw, DRAW_MS);
  };
  return {
    events,
    waiting,
    list: (given) => {
      element = given;
    },
    show,
    begin(given) {
      events.value = newestFirst(given).slice(0, bound);
    },
    append(given) {
      events.value = [...events.value, ...given].slice(0, bound);
    },
    add(given) {
      came += given.length;
      // What would fall off the end is not kept while the list is held either.
      fresh = [...fresh, ...given].slice(-bound);
      timer ??= setTimeout(draw, DRAW_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/** By the time of recording, between shards; within a shard by position. */
function newestFirst(events: readonly JournalEvent[]): JournalEvent[] {
  return [...events].sort((a, b) =>
    a.shard === b.shard ? b.position - a.position : Date.parse(b.recordedAt) - Date.parse(a.recordedAt),
  );
}
