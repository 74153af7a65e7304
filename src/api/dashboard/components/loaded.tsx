import type { ComponentChildren } from 'preact';
import { preferences } from '../data/preferences.js';
import type { Resource } from '../data/resource.js';
import { clockTime } from '../format/times.js';
import { ProblemNote } from './problem-note.js';
import { Skeleton } from './skeleton.js';

export interface LoadedProps<T> {
  readonly of: Resource<T>;
  /** Rows of the skeleton: about as high as what comes. */
  readonly lines?: number;
  readonly children: (data: T) => ComponentChildren;
}

/** What a panel shows of its data: a skeleton at first, then the data; a later failure beside the last good data. */
export function Loaded<T>({ of, lines = 3, children }: LoadedProps<T>) {
  const { data, at, problem } = of.reading.value;
  const note = problem && <ProblemNote problem={problem} onRetry={() => void of.reload()} />;
  if (data === undefined) return note ?? <Skeleton lines={lines} />;
  return (
    <>
      {note}
      {problem && at && (
        <p class="faint panel-body">As of {clockTime(at.getTime(), preferences.value.zone)}, what was read last:</p>
      )}
      {children(data)}
    </>
  );
}
