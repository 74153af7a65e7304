import { withDeadline } from './deadline.js';
import { FleetlogError, JournalUnavailable } from './errors.js';

/** For reads and deletions; an append has no deadline, its outcome is looked up however long it takes. */
const DEADLINE_MS = 30_000;

/**
 * Waits for work of the journal and its neighbours. A handler that never settles would block its actor for ever, and whatever
 * the store throws means the same to an entity: not now. After the deadline the work goes on and its result is dropped.
 * @throws JournalUnavailable, or the FleetlogError that the work has thrown
 */
export async function fromJournal<T>(work: Promise<T>, what: string, deadlineMs = DEADLINE_MS): Promise<T> {
  try {
    return await withDeadline(work, deadlineMs, what);
  } catch (error) {
    if (error instanceof FleetlogError && error.code !== 'TIMEOUT') throw error;
    throw new JournalUnavailable(`${what} failed or took too long`, { cause: error });
  }
}
