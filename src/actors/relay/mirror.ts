import type { Journal } from '../kernel/ports/journal.js';
import type { Logger } from '../kernel/ports/surroundings.js';

/**
 * Tells Postgres how far a shard is relayed: for people, for other nodes, and for the bounds of the next start; the truth is in
 * Kafka. No event waits for it, because the row that it changes is the one that each append of the shard locks.
 */
export interface Mirror {
  /** Begins again from what Postgres holds. */
  begin(relayed: number): void;
  /**
   * Stores the position, unless it was done less than a second ago or is being done.
   * @param now monotonic, ms
   */
  follow(position: number, now: number): void;
  /** Whether Postgres has not heard of this position yet. */
  isBehind(position: number): boolean;
  /** Resolves when nothing is being stored. */
  settled(): Promise<void>;
}

/** How often Postgres hears how far the shard is relayed. */
export const MIRROR_MS = 1_000;

export function createMirror(options: {
  readonly shard: number;
  readonly journal: Pick<Journal, 'saveRelayed'>;
  readonly logger: Logger;
}): Mirror {
  const { shard, journal, logger } = options;
  let stored = 0;
  let storedAt = -Infinity;
  let underWay: Promise<void> | undefined;

  async function store(position: number): Promise<void> {
    try {
      await journal.saveRelayed(shard, position);
      stored = position;
    } catch (error) {
      logger.debug({ err: error }, 'the mirror of the relay was not stored');
    }
  }

  return {
    begin(relayed) {
      stored = relayed;
    },
    follow(position, now) {
      if (position === stored || underWay !== undefined || now - storedAt < MIRROR_MS) return;
      storedAt = now;
      underWay = store(position).finally(() => (underWay = undefined));
    },
    isBehind: (position) => position > stored,
    settled: async () => underWay,
  };
}
