import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';

/** Events that one piece holds at most: what a reader costs in memory while it catches up. */
const MAX_KEPT = 1_000;

/** What is left of the events of a while. */
export interface PacedEvents {
  /** In the order of the scan. */
  readonly events: readonly RecordedEvent[];
  /** Telemetry that newer telemetry of the same device has replaced. */
  readonly skipped: number;
}

export interface EventPacer {
  add(events: readonly RecordedEvent[]): void;
  isFull(): boolean;
  /** What was added since the last time. */
  take(): PacedEvents;
}

/**
 * Thins telemetry for a reader that draws and does not count: of each device only the newest in a while is kept, every
 * other event stays. Nothing is lost in the journal; the reader is told how many it did not see.
 */
export function createEventPacer(): EventPacer {
  let kept: (RecordedEvent | undefined)[] = [];
  let newest = new Map<string, number>();
  let skipped = 0;
  return {
    add(events) {
      for (const event of events) {
        if (event.type === 'TelemetryRecorded') {
          const older = newest.get(event.stream);
          if (older !== undefined) {
            kept[older] = undefined;
            skipped += 1;
          }
          newest.set(event.stream, kept.length);
        }
        kept.push(event);
      }
    },
    isFull: () => kept.length >= MAX_KEPT,
    take() {
      const taken = { events: kept.filter((event) => event !== undefined), skipped };
      kept = [];
      newest = new Map();
      skipped = 0;
      return taken;
    },
  };
}
