import { FleetlogError, JournalUnavailable } from '../../actors/kernel/errors.js';
import type { Append, AppendAnswer } from '../../actors/kernel/ports/journal.js';

/** An append between `Journal.submit` and its outcome: one object, because there is one per actor and batch. */
export interface WaitingAppend {
  readonly append: Append;
  readonly shard: number;
  readonly events: number;
  /** Of payload and metadata of all events. */
  readonly contentBytes: number;
  /** What it counts against the waiting room. */
  readonly bytes: number;
  /** Whether a statement with it is on its way, so that nobody may say that nothing was written. */
  sent: boolean;
  settled: boolean;
  readonly answer: (answer: AppendAnswer) => void;
}

/** Room for an event's columns beside payload and metadata, about. */
const EVENT_OVERHEAD_BYTES = 64;

export function waitFor(append: Append, shard: number, answer: WaitingAppend['answer']): WaitingAppend {
  let contentBytes = 0;
  for (const { payload, metadata } of append.events) contentBytes += payload.length + metadata.length;
  const events = append.events.length;
  const bytes = contentBytes + events * EVENT_OVERHEAD_BYTES;
  return { append, shard, events, contentBytes, bytes, sent: false, settled: false, answer };
}

export function settle(waiting: WaitingAppend, answer: AppendAnswer): void {
  waiting.settled = true;
  waiting.answer(answer);
}

export function fail(waiting: WaitingAppend, error: Error): void {
  settle(waiting, { kind: 'failed', error });
}

/** Ends the wait of an append at the end of the process, saying no more than is known. */
export function abandon(waiting: WaitingAppend): void {
  fail(
    waiting,
    waiting.sent
      ? new FleetlogError('SHUTTING_DOWN', 'The journal stopped before the outcome of this append was known.')
      : new JournalUnavailable('The journal is stopping.'),
  );
}
