import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { JournalUnavailable } from '../../actors/kernel/errors.js';
import type { Append, AppendOutcome } from '../../actors/kernel/ports.js';
import { abandon, waitFor, type WaitingAppend } from './waiting-append.js';

/** What one statement takes at most; a larger append goes alone. */
const GROUP_LIMIT = { events: 2_000, bytes: 4 * 1024 * 1024 };

export interface WaitingRoomLimits {
  readonly events: number;
  readonly bytes: number;
}

export interface GroupCommitOptions {
  readonly shardOf: (stream: string) => number;
  /** Settles every append of a group; rejects only when `abort` was called. */
  readonly write: (group: readonly WaitingAppend[]) => Promise<void>;
  readonly limits: WaitingRoomLimits;
  /** Ends `write` in the middle. */
  readonly abort: () => void;
}

/** Collects appends while a group is being written and sends all of them as the next one: no timer sets the pace. */
export interface GroupCommit {
  /** @throws JournalUnavailable stopping, or the waiting room is full */
  append(append: Append): Promise<AppendOutcome>;
  waiting(): { readonly appends: number; readonly events: number; readonly bytes: number; readonly full: boolean };
  /** Takes nothing more, lets what waits be written for `graceMs`, then gives the rest up. */
  stop(graceMs: number): Promise<void>;
}

export function createGroupCommit({ shardOf, write, limits, abort }: GroupCommitOptions): GroupCommit {
  let queue: WaitingAppend[] = [];
  /** Counts what waits and what is being written. */
  const held = { appends: 0, events: 0, bytes: 0 };
  let running: Promise<void> | undefined;
  let stopped = false;

  const isFull = () => held.events >= limits.events || held.bytes >= limits.bytes;

  const takeGroup = (): readonly WaitingAppend[] => {
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of queue) {
      events += waiting.append.events.length;
      bytes += waiting.bytes;
      if (count > 0 && (events > GROUP_LIMIT.events || bytes > GROUP_LIMIT.bytes)) break;
      count += 1;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    return group;
  };

  const count = (group: readonly WaitingAppend[], sign: 1 | -1) => {
    for (const { append, bytes } of group) {
      held.appends += sign;
      held.events += sign * append.events.length;
      held.bytes += sign * bytes;
    }
  };

  const run = async () => {
    // The actors of this turn of the event loop join the first group.
    await nextTurn();
    while (queue.length > 0) {
      const group = takeGroup();
      try {
        await write(group);
      } catch {
        for (const waiting of [...group, ...queue]) if (!waiting.settled) abandon(waiting);
        count(queue, -1);
        queue = [];
      }
      count(group, -1);
    }
    running = undefined;
  };

  return {
    append: (append) => {
      if (stopped) return Promise.reject(new JournalUnavailable('The journal is stopping.'));
      if (isFull()) return Promise.reject(new JournalUnavailable('Too much waits for Postgres.'));
      const { waiting, outcome } = waitFor(append, shardOf(append.stream));
      queue.push(waiting);
      count([waiting], 1);
      running ??= run();
      return outcome;
    },
    waiting: () => ({ ...held, full: isFull() }),
    stop: async (graceMs) => {
      stopped = true;
      const patience = new AbortController();
      const expired = sleep(graceMs, undefined, { signal: patience.signal }).then(abort, () => undefined);
      await running;
      patience.abort();
      await expired;
    },
  };
}
