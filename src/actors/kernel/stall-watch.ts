import type { Clock, Meter } from './ports/surroundings.js';

/** How often the watch looks. */
const LOOK_MS = 200;
/** A look that comes later than this is the end of a stall. */
const STALL_MS = 700;
/** How long a stall is told after its end. */
const TOLD_MS = 30_000;

/**
 * Notices when the process has stood still: a paused machine, a stopped process, a blocked event loop.
 *
 * After a stall all timers are due at once, and Node.js runs them before it reads what peers have sent meanwhile: whoever
 * judges peers by timers must forgive them the stall first. No order of timers is promised, so a timer asks
 * {@link StallWatch.hasStalled} and everybody else is told.
 */
export interface StallWatch {
  /** Whether a stall has just ended that nobody was told of yet: for a timer that may be run before the watch's own. */
  hasStalled(): boolean;
  /** Calls back with the length of each stall, ms, in the turn of the event loop that runs the timers due in it. */
  onStall(listener: (milliseconds: number) => void): void;
  /** Length of the latest stall, ms, while it is worth telling. */
  recent(): number | undefined;
  stop(): void;
}

export function watchStalls({ clock, meter }: { readonly clock: Clock; readonly meter: Meter }): StallWatch {
  const listeners: ((milliseconds: number) => void)[] = [];
  const stalls = meter.counter('fleetlog_process_stalls_total', 'Times the event loop stood still for half a second.');
  let lookedAt = clock.monotonic();
  let latest: { readonly milliseconds: number; readonly endedAt: number } | undefined;

  const look = (): void => {
    const now = clock.monotonic();
    const milliseconds = now - lookedAt - LOOK_MS;
    lookedAt = now;
    if (milliseconds < STALL_MS - LOOK_MS) return;
    latest = { milliseconds, endedAt: now };
    stalls.inc();
    for (const listener of listeners) listener(milliseconds);
  };
  const timer = setInterval(look, LOOK_MS).unref();

  return {
    hasStalled: () => clock.monotonic() - lookedAt > STALL_MS,
    onStall: (listener) => void listeners.push(listener),
    recent: () => (latest && clock.monotonic() - latest.endedAt < TOLD_MS ? latest.milliseconds : undefined),
    stop: () => clearInterval(timer),
  };
}
