import { FleetlogError, JournalUnavailable } from '../../actors/kernel/errors.js';
import type { Append, AppendOutcome } from '../../actors/kernel/ports.js';

/** An append between `Journal.append` and its outcome. */
export interface WaitingAppend {
  readonly append: Append;
  readonly shard: number;
  readonly bytes: number;
  /** Whether a statement with it is on its way, so that nobody may say that nothing was written. */
  sent: boolean;
  readonly settled: boolean;
  settle(outcome: AppendOutcome): void;
  fail(error: Error): void;
}

/** Room for an event's columns beside payload and metadata, about. */
const EVENT_OVERHEAD_BYTES = 64;

export function waitFor(
  append: Append,
  shard: number,
): { readonly waiting: WaitingAppend; readonly outcome: Promise<AppendOutcome> } {
  let settled = false;
  let settle: (outcome: AppendOutcome) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const outcome = new Promise<AppendOutcome>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  const waiting: WaitingAppend = {
    append,
    shard,
    bytes: append.events.reduce(
      (sum, { payload, metadata }) => sum + payload.length + metadata.length + EVENT_OVERHEAD_BYTES,
      0,
    ),
    sent: false,
    get settled() {
      return settled;
    },
    settle: (value) => {
      settled = true;
      settle(value);
    },
    fail: (error) => {
      settled = true;
      fail(error);
    },
  };
  return { waiting, outcome };
}

/** Ends the wait of an append at the end of the process, saying no more than is known. */
export function abandon(waiting: WaitingAppend): void {
  waiting.fail(
    waiting.sent
      ? new FleetlogError('SHUTTING_DOWN', 'The journal stopped before the outcome of this append was known.')
      : new JournalUnavailable('The journal is stopping.'),
  );
}
