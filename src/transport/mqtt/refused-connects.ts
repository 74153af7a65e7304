import type { Clock, Logger } from '../../actors/kernel/ports.js';

const WINDOW_MS = 60_000;
const MOST_KEYS = 10_000;

/** Logs why CONNECTs are refused: the first of each device and reason at once, the others counted in the next minute's line. */
export function createRefusedConnects(
  logger: Logger,
  clock: Clock,
): (who: string, address: string, reason: string) => void {
  const seen = new Map<string, { readonly since: number; count: number }>();
  return (who, address, reason) => {
    const key = `${who} ${reason}`;
    const entry = seen.get(key);
    if (entry && clock.monotonic() - entry.since < WINDOW_MS) {
      entry.count += 1;
      return;
    }
    if (seen.size >= MOST_KEYS) seen.clear();
    seen.set(key, { since: clock.monotonic(), count: 0 });
    logger.info({ deviceId: who, address, code: reason, repeated: entry?.count ?? 0 }, 'A connection was refused');
  };
}
