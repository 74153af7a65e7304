/** Something that is looked at again and again. */
export interface RecurringCheck {
  /** Looks now, after the look that goes on; never rejects. */
  check(): Promise<void>;
  /** Resolves when the last look has ended. */
  stop(): Promise<void>;
}

/**
 * Looks at once and then every so often, one look at a time. A look that fails is given away, and the next one comes as ever.
 *
 * @param look asks `isStopped` between its steps when it has many
 * @param everyMs does not keep the process alive
 */
export function startRecurringCheck(
  look: (isStopped: () => boolean) => Promise<void>,
  everyMs: number,
  onFailure: (error: unknown) => void,
): RecurringCheck {
  let last = Promise.resolve();
  let stopped = false;
  const check = (): Promise<void> => (last = last.then(() => look(() => stopped)).catch(onFailure));
  void check();
  const timer = setInterval(() => void check(), everyMs).unref();
  return {
    check,
    stop() {
      stopped = true;
      clearInterval(timer);
      return last;
    },
  };
}
