import { useEffect, useMemo } from 'preact/hooks';
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
}

export interface Resource<T> {
  readonly reading: ReadonlySignal<Reading<T>>;
  reload(): Promise<void>;
  /** Puts in what an answer to a write or an event of the stream has told. */
  replace(change: (data: T) => T): void;
}

const NOTHING = { data: undefined, at: undefined, problem: undefined };

/**
 * Reads something now, when a member of `keys` changes, when the session begins again, and every `everyMs` while the page is
 * seen. An answer that was overtaken by a later question is dropped.
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  everyMs?: number,
): Resource<T> {
  const resource = useMemo(() => createResource(load), keys);
  useEffect(() => {
    void resource.reload();
    const timer =
      everyMs === undefined ? undefined : setInterval(() => document.hidden || void resource.reload(), everyMs);
    const seen = (): void => {
      if (everyMs !== undefined && !document.hidden) void resource.reload();
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
      resource.stop();
    };
  }, [resource, everyMs]);
  return resource;
}

function createResource<T>(load: (signal: AbortSignal) => Promise<T>): Resource<T> & { stop(): void } {
  const reading = signal<Reading<T>>(NOTHING);
  let running: AbortController | undefined;
  return {
    reading,
    async reload() {
      running?.abort();
      const mine = (running = new AbortController());
      try {
        const data = await load(mine.signal);
        if (mine.signal.aborted) return;
        reading.value = { data, at: new Date(), problem: undefined };
        noteSuccess();
      } catch (error) {
        if (mine.signal.aborted) return;
        noteFailure(error);
        reading.value = { ...reading.value, problem: toProblem(error) };
      }
    },
    replace(change) {
      const { data } = reading.value;
      if (data !== undefined) reading.value = { ...reading.value, data: change(data) };
    },
    stop: () => running?.abort(),
  };
}
