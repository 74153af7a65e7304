import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { JournalUnavailable } from '../../actors/kernel/errors.js';
import type { Append, AppendAnswer } from '../../actors/kernel/ports/journal.js';
import { abandon, waitFor, type WaitingAppend } from './waiting-append.js';

/** What one statement takes at most; a larger append goes alone. */
const GROUP_LIMIT = { events: 2_000, bytes: 4 * 1024 * 1024 };

/**
 * A statement costs some 200 µs in Postgres and 50 µs here whatever it holds, so where many append, statements are no closer
 * than this: at 5,000 messages a second from 100 devices that saves a fifth of all CPU (bench `ingest`). Whoever appends alone
 * never waits: the time is a millisecond for each append of the last group but the first.
 */
const LONGEST_GATHER_MS = 5;
/**
 * Groups of nothing but patient appends wait longer, five milliseconds for each: fleets connect and disconnect in storms, with half a
 * handshake between one append and the next (bench `reconnect`).
 */
const LONGEST_PATIENCE_MS = 20;
/** So many are worth a statement at once. */
const GATHERED_APPENDS = 32;

export interface WaitingRoomLimits {
  readonly events: number;
  readonly bytes: number;
}

export interface GroupCommitOptions {
  readonly shardOf: (stream: string) => number;
  /**
   * One writer per lane: settles every append of a group; rejects only when `abort` was called. Shard s belongs to lane
   * s mod lanes, so that a shard has one statement under way at a time, and lanes never wait for each other's locks.
   */
  readonly lanes: readonly ((group: readonly WaitingAppend[]) => Promise<void>)[];
  /** Of all lanes together. */
  readonly limits: WaitingRoomLimits;
  /** Ends `write` in the middle. */
  readonly abort: () => void;
}

/** Collects appends while a group is being written, and a little longer where many append, and sends all of them as the next one. */
export interface GroupCommit {
  /** Answers `failed` with JournalUnavailable when it is stopping, or when the waiting room is full. */
  submit(append: Append, answer: (answer: AppendAnswer) => void): void;
  waiting(): { readonly appends: number; readonly events: number; readonly bytes: number; readonly full: boolean };
  /** Takes nothing more, lets what waits be written for `graceMs`, then gives the rest up. */
  stop(graceMs: number): Promise<void>;
}

/** Appends of some shards, written one group after the other. */
interface Lane {
  readonly write: (group: readonly WaitingAppend[]) => Promise<void>;
  queue: WaitingAppend[];
  running: Promise<void> | undefined;
  /** Monotonic, ms: when the last group was given to the writer. */
  groupedAt: number;
  /** Appends of the last group but the first: how many others the next one may hope for. */
  companions: number;
}

export function createGroupCommit({ shardOf, lanes: writers, limits, abort }: GroupCommitOptions): GroupCommit {
  const lanes = writers.map((write): Lane => ({ write, queue: [], running: undefined, groupedAt: 0, companions: 0 }));
  /** Counts what waits and what is being written. */
  const held = { appends: 0, events: 0, bytes: 0 };
  let stopped = false;

  const isFull = () => held.events >= limits.events || held.bytes >= limits.bytes;

  const hold = ({ events, bytes }: WaitingAppend, sign: 1 | -1) => {
    held.appends += sign;
    held.events += sign * events;
    held.bytes += sign * bytes;
  };
  const letGo = (group: readonly WaitingAppend[]) => {
    for (const waiting of group) hold(waiting, -1);
  };

  const run = async (lane: Lane) => {
    // The actors of this turn of the event loop join the first group.
    await nextTurn();
    while (lane.queue.length > 0) {
      for (let pauseMs = gatherMs(lane); pauseMs > 0.5 && !stopped; pauseMs = gatherMs(lane)) {
        // Somebody in a hurry may join meanwhile.
        await sleep(Math.min(pauseMs, LONGEST_GATHER_MS));
      }
      const group = takeGroup(lane);
      lane.groupedAt = performance.now();
      lane.companions = group.length - 1;
      try {
        await lane.write(group);
      } catch {
        for (const waiting of [...group, ...lane.queue]) if (!waiting.settled) abandon(waiting);
        letGo(lane.queue);
        lane.queue = [];
      }
      letGo(group);
    }
    lane.running = undefined;
  };

  return {
    submit: (append, answer) => {
      const obstacle = stopped ? 'The journal is stopping.' : isFull() ? 'Too much waits for Postgres.' : undefined;
      if (obstacle !== undefined) {
        queueMicrotask(() => answer({ kind: 'failed', error: new JournalUnavailable(obstacle) }));
        return;
      }
      const shard = shardOf(append.stream);
      const lane = lanes[shard % lanes.length] as Lane;
      const waiting = waitFor(append, shard, answer);
      lane.queue.push(waiting);
      hold(waiting, 1);
      lane.running ??= run(lane);
    },
    waiting: () => ({ ...held, full: isFull() }),
    stop: async (graceMs) => {
      stopped = true;
      const patience = new AbortController();
      const expired = sleep(graceMs, undefined, { signal: patience.signal }).then(abort, () => undefined);
      for (const lane of lanes) await lane.running;
      patience.abort();
      await expired;
    },
  };
}

/** How long the next group still gathers. */
function gatherMs({ queue, groupedAt, companions }: Lane): number {
  if (queue.length >= GATHERED_APPENDS) return 0;
  const isPatient = queue.every(({ append }) => append.patient);
  const longest = isPatient
    ? Math.min(companions * LONGEST_GATHER_MS, LONGEST_PATIENCE_MS)
    : Math.min(companions, LONGEST_GATHER_MS);
  return groupedAt + longest - performance.now();
}

function takeGroup(lane: Lane): readonly WaitingAppend[] {
  const { queue } = lane;
  let events = 0;
  let bytes = 0;
  let count = 0;
  for (const waiting of queue) {
    events += waiting.events;
    bytes += waiting.bytes;
    if (count > 0 && (events > GROUP_LIMIT.events || bytes > GROUP_LIMIT.bytes)) break;
    count += 1;
  }
  lane.queue = queue.slice(count);
  return count === queue.length ? queue : queue.slice(0, count);
}
