import { JournalUnavailable } from './errors.js';

/**
 * Gives up waiting for work that has no deadline of its own: a handler that never settles would block its actor for ever.
 * The work itself goes on; its result is dropped.
 * @throws JournalUnavailable after `milliseconds`
 */
export async function withDeadline<T>(work: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new JournalUnavailable(`${what} took longer than ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
