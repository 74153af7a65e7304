import { FleetlogError, JournalUnavailable } from './errors.js';

/** For reads and deletions; an append has no deadline, its outcome is looked up however long it takes. */
const DEADLINE_MS = 30_000;

/**
 * Waits for work of the journal and its neighbours. A handler that never settles would block its actor for ever, and whatever
 * the store throws means the same to an entity: not now. After the deadline the work goes on and its result is dropped.
 * @throws JournalUnavailable, or the FleetlogError that the work has thrown
 */
export async function fromJournal<T>(work: Promise<T>, what: string, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    const expire = (): void => reject(new JournalUnavailable(`${what} took longer than ${deadlineMs} ms`));
    timer = setTimeout(expire, deadlineMs);
  });
  try {
    return await Promise.race([work, expired]);
  } catch (error) {
    throw error instanceof FleetlogError ? error : new JournalUnavailable(`${what} failed`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
