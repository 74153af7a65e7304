import { useEffect, useMemo } from 'preact/hooks';
import { signal, type ReadonlySignal } from '@preact/signals';
import { followJournal, type JournalEvent } from './live.js';

export interface EventTail {
  /** The newest first, never more than the bound. */
  readonly events: ReadonlySignal<readonly JournalEvent[]>;
  /** Events that have come while the view was held; `release` puts them in. */
  readonly waiting: ReadonlySignal<number>;
  /** While the pointer or the focus is on the list, nothing moves below it. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Puts in what was read from history. */
  begin(events: readonly JournalEvent[]): void;
}

/** Rows that any live list keeps. */
const BOUND = 500;
/** Pieces that arrive within this time are shown together. */
const DRAW_MS = 250;

/**
 * Follows the journal into a list of bounded length.
 * @param options.keys say when `query` or `after` mean something else
 */
export function useEventTail(
  options: {
    readonly query: Readonly<Record<string, string>>;
    readonly after?: string | undefined;
    /** `false` until it is known where to begin. */
    readonly ready?: boolean;
    readonly bound?: number;
    readonly onEvents?: (events: readonly JournalEvent[]) => void;
  },
  keys: readonly unknown[],
): EventTail {
  const { query, after, ready = true, bound = BOUND, onEvents } = options;
  const tail = useMemo(() => createTail(bound), keys);
  useEffect(() => {
    if (!ready) return undefined;
    const stop = followJournal({
      query,
      ...(after === undefined ? {} : { after }),
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
  let fresh: JournalEvent[] = [];
  let held = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const draw = (): void => {
    timer = undefined;
    if (fresh.length === 0) return;
    if (held) {
      waiting.value = fresh.length;
      return;
    }
    events.value = [...newestFirst(fresh), ...events.value].slice(0, bound);
    fresh = [];
    waiting.value = 0;
  };
  return {
    events,
    waiting,
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
      draw();
    },
    begin(given) {
      events.value = newestFirst(given).slice(0, bound);
    },
    add(given) {
      // What would fall off the end is not kept while the view is held either.
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
