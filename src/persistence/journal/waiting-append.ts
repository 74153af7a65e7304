import { FleetlogError, JournalUnavailable } from '../../actors/kernel/errors.js';
import type { Append, AppendOutcome } from '../../actors/kernel/ports/journal.js';

/** An append between `Journal.append` and its outcome: one object and one promise, because there is one per actor and batch. */
export interface WaitingAppend {
  readonly append: Append;
  readonly shard: number;
  readonly bytes: number;
  /** Whether a statement with it is on its way, so that nobody may say that nothing was written. */
  sent: boolean;
  settled: boolean;
  resolve: (outcome: AppendOutcome) => void;
  reject: (error: Error) => void;
}

/** Room for an event's columns beside payload and metadata, about. */
const EVENT_OVERHEAD_BYTES = 64;

const unset = (): void => undefined;

export function waitFor(
  append: Append,
  shard: number,
): { readonly waiting: WaitingAppend; readonly outcome: Promise<AppendOutcome> } {
  let bytes = 0;
  for (const { payload, metadata } of append.events) bytes += payload.length + metadata.length + EVENT_OVERHEAD_BYTES;
  const waiting: WaitingAppend = { append, shard, bytes, sent: false, settled: false, resolve: unset, reject: unset };
  const outcome = new Promise<AppendOutcome>((resolve, reject) => {
    waiting.resolve = resolve;
    waiting.reject = reject;
  });
  return { waiting, outcome };
}

export function settle(waiting: WaitingAppend, outcome: AppendOutcome): void {
  waiting.settled = true;
  waiting.resolve(outcome);
}

export function fail(waiting: WaitingAppend, error: Error): void {
  waiting.settled = true;
  waiting.reject(error);
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
