import { FleetlogError } from './errors.js';

/**
 * Waits no longer than `deadlineMs`. The work itself goes on; what it does later is ignored.
 * @param what names the work in the error
 * @throws FleetlogError `TIMEOUT`
 */
export async function withDeadline<T>(work: Promise<T>, deadlineMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new FleetlogError('TIMEOUT', `${what} took longer than ${deadlineMs / 1000} s.`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
