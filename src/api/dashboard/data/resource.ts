import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { signal, type ReadonlySignal } from '@preact/signals';
import { toProblem, type Problem } from './client.js';
import { noteFailure, noteSuccess, session } from './session.js';

/** What one panel knows of its data. The last good data stays when a later reading fails. */
export interface Reading<T> {
  readonly data: T | undefined;
  /** When `data` was read. */
  readonly at: Date | undefined;
  /** Why the last reading failed. */
  readonly problem: Problem | undefined;
  /** Whether `data` is the answer to an earlier question, and the answer to this one is late or has failed. */
  readonly outdated: boolean;
}

export interface Resource<T> {
  readonly reading: ReadonlySignal<Reading<T>>;
  reload(): Promise<void>;
  /** Puts in what an answer to a write or an event of the stream has told. */
  replace(change: (data: T) => T): void;
}

const NOTHING = { data: undefined, at: undefined, problem: undefined, outdated: false };

/**
 * Reads something now, when a member of `keys` changes, when the session begins again, and every `everyMs` while the page is
 * seen. An answer that was overtaken by a later question is dropped.
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  everyMs?: number,
): Resource<T> {
  return useReading(
    useMemo(() => createResource(load, NOTHING), keys),
    everyMs,
  );
}

/** An answer that comes sooner is not waited for in the eyes of who asked: painting the list as outdated would only delay it. */
const LATE_MS = 200;

/**
 * Like {@link useResource}, for a list that is asked otherwise by its filters and its sort: what the last question has brought
 * stays until the next is answered, and soon as outdated.
 */
export function useList<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  everyMs?: number,
): Resource<T> {
  const last = useRef<TimedResource<T>>(undefined);
  const resource = useMemo(() => {
    const { data, at } = last.current?.reading.value ?? NOTHING;
    return createResource(load, { ...NOTHING, data, at });
  }, keys);
  last.current = resource;
  useEffect(() => {
    const timer = setTimeout(() => resource.noteLate(), LATE_MS);
    return () => clearTimeout(timer);
  }, [resource]);
  return useReading(resource, everyMs);
}

function useReading<T>(resource: TimedResource<T>, everyMs: number | undefined): Resource<T> {
  // Asked before the page is painted: the answer travels meanwhile.
  useLayoutEffect(() => {
    void resource.reload();
    return () => resource.stop();
  }, [resource]);
  useEffect(() => {
    const timer = everyMs === undefined ? undefined : setInterval(() => document.hidden || resource.refresh(), everyMs);
    const seen = (): void => {
      if (everyMs !== undefined && !document.hidden) resource.refresh();
    };
    document.addEventListener('visibilitychange', seen);
    let was = session.value.state;
    const stopWatching = session.subscribe(({ state }) => {
      if (was === 'ended' && state === 'open') void resource.reload();
      was = state;
    });
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
      stopWatching();
    };
  }, [resource, everyMs]);
  return resource;
}

interface TimedResource<T> extends Resource<T> {
  /** Reads again unless that is under way: a server that takes longer than the pause between two readings is heard out. */
  refresh(): void;
  /** What is shown becomes outdated, unless this question is answered. */
  noteLate(): void;
  stop(): void;
}

/** An answer that has not come by then is not waited for. */
const PATIENCE_MS = 30_000;

/** @param known what is shown until the first answer: that to an earlier question, or nothing */
function createResource<T>(load: (signal: AbortSignal) => Promise<T>, known: Reading<T>): TimedResource<T> {
  const reading = signal(known);
  let running: AbortController | undefined;
  let since = 0;
  let answered = false;
  const reload = async (): Promise<void> => {
    running?.abort();
    const mine = (running = new AbortController());
    since = performance.now();
    try {
      const data = await load(mine.signal);
      if (mine.signal.aborted) return;
      answered = true;
      reading.value = { data, at: new Date(), problem: undefined, outdated: false };
      noteSuccess();
    } catch (error) {
      if (mine.signal.aborted) return;
      noteFailure(error);
      reading.value = { ...reading.value, problem: toProblem(error) };
    }
    running = undefined;
  };
  return {
    reading,
    reload,
    refresh() {
      if (running === undefined || performance.now() - since > PATIENCE_MS) void reload();
    },
    replace(change) {
      const { data } = reading.value;
      if (data !== undefined) reading.value = { ...reading.value, data: change(data) };
    },
    noteLate() {
      if (!answered && reading.value.data !== undefined) reading.value = { ...reading.value, outdated: true };
    },
    stop: () => running?.abort(),
  };
}
