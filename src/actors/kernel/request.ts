import type { Ask, Origin, Outcome, RequestOptions } from './ports/entities.js';

const DEFAULT_TIMEOUT_MS = 20_000;

/**
 * Makes an ask of a command and waits for its outcome, for callers off the hot path.
 * After the time-out the ask is abandoned and the outcome is `failed` with `TIMEOUT`; it may still have been decided.
 */
export function requestOutcome<C>(
  enqueue: (ask: Ask<C>) => boolean,
  command: C,
  origin: Origin,
  options: RequestOptions = {},
): Promise<Outcome> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, correlationId, causationId, patient, late } = options;
  return new Promise((resolve) => {
    const ask: Ask<C> = {
      command,
      origin,
      bytes: 0,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
      ...(patient !== undefined && { patient }),
      settle(outcome) {
        clearTimeout(timer);
        if (ask.abandoned === true) late?.(outcome);
        else resolve(outcome);
      },
    };
    const timer = setTimeout(() => {
      ask.abandoned = true;
      resolve({ kind: 'failed', code: 'TIMEOUT' });
    }, timeoutMs);
    if (!enqueue(ask)) ask.settle({ kind: 'failed', code: 'BUSY' });
  });
}
