import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import type { EventPublisher, RelayCheckpoint } from '../../../src/actors/kernel/ports/publisher.js';

export interface Transaction {
  readonly shard: number;
  readonly positions: readonly number[];
  readonly checkpoint: RelayCheckpoint;
}

/** Kafka as the relay sees it, in memory, with faults. */
export interface FakePublisher extends EventPublisher {
  /** What it was asked for, in order: `open 0`, `checkpoint 0`, `send 0 1-3`, `close 0`. */
  readonly calls: string[];
  readonly committed: Transaction[];
  /** Errors for the next opens, the first for the next; an `undefined` lets one pass. */
  readonly nextOpens: (Error | undefined)[];
  readonly nextSends: (Error | 'lost answer' | undefined)[];
  /** Sends wait while set; clearing it lets them go on. */
  held: boolean;
  readonly checkpoints: Map<number, RelayCheckpoint>;
}

export function createFakePublisher(): FakePublisher {
  const calls: string[] = [];
  const committed: Transaction[] = [];
  const open = new Set<number>();
  const checkpoints = new Map<number, RelayCheckpoint>();
  const nextOpens: FakePublisher['nextOpens'] = [];
  const nextSends: FakePublisher['nextSends'] = [];
  const waiting: (() => void)[] = [];
  let held = false;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  function commit(shard: number, events: readonly RecordedEvent[], checkpoint: RelayCheckpoint): void {
    committed.push({ shard, positions: events.map(({ position }) => position), checkpoint });
    checkpoints.set(shard, checkpoint);
  }

  return {
    calls,
    committed,
    nextOpens,
    nextSends,
    checkpoints,
    get held() {
      return held;
    },
    set held(value) {
      held = value;
      if (!held) for (const release of waiting.splice(0)) release();
    },
    async open(shard) {
      calls.push(`open ${shard}`);
      await turn();
      const error = nextOpens.shift();
      if (error) throw error;
      open.add(shard);
    },
    async readCheckpoint(shard) {
      calls.push(`checkpoint ${shard}`);
      await turn();
      if (!open.has(shard)) throw new Error('the checkpoint was read before the fence');
      return checkpoints.get(shard);
    },
    async send(shard, events, checkpoint) {
      calls.push(`send ${shard} ${events[0]?.position}-${events.at(-1)?.position}`);
      if (held) await new Promise<void>((resolve) => waiting.push(resolve));
      await turn();
      if (!open.has(shard)) throw new Error('sent without an open session');
      const fault = nextSends.shift();
      if (fault instanceof Error) throw fault;
      commit(shard, events, checkpoint);
      if (fault === 'lost answer') throw new Error('the answer was lost');
    },
    async close(shard) {
      calls.push(`close ${shard}`);
      open.delete(shard);
      await turn();
    },
  };
}
