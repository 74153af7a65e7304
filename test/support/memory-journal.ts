import { JournalUnavailable } from '../../src/actors/kernel/errors.js';
import type {
  Append,
  AppendAnswer,
  AppendOutcome,
  IncomingIds,
  Journal,
  ReadShard,
  RecordedEvent,
  Snapshot,
  SnapshotStore,
} from '../../src/actors/kernel/ports/journal.js';

/** A fault for one append: what the journal answers instead of (or after) taking it. */
export type AppendFault = 'conflict' | 'fence' | 'unavailable' | 'error';

/** Switches that a test may turn at any time. */
interface MemoryJournalFaults {
  /** Faults for the next appends, the first for the next; an `undefined` lets one pass. */
  readonly nextAppends: (AppendFault | undefined)[];
  /** Each append waits so long before it is taken, ms. */
  appendDelayMs: number;
  /** While set, appends wait: Postgres is away. Clearing it lets them go on. */
  stalled: boolean;
  /** While set, reads of streams, shards, snapshots and incoming ids throw. */
  readsFail: boolean;
  /** While set, snapshots are not saved. */
  snapshotsFail: boolean;
}

export interface MemoryJournal {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly incomingIds: IncomingIds;
  readonly faults: MemoryJournalFaults;
  /** All events of a shard as stored; a test may change them to play a tamperer. */
  readonly rows: RecordedEvent[][];
  readonly storedSnapshots: Map<string, Snapshot>;
  /** Events of one stream in order. */
  stream(stream: string): RecordedEvent[];
  /** Appends that were asked for, in order, refused ones included. */
  readonly appends: Append[];
  /** The same journal as another node has it: `journal` learns at once of what is committed here. */
  readonly ofAnotherNode: Journal;
  /** Moves a shard's epoch on, as rolling a leaf does: appends under the old one are fenced. */
  bumpEpoch(shard: number): void;
  /** Reads under way now, the most at once so far, and all so far. */
  readonly reading: { now: number; most: number; all: number };
}

function answerOf(outcome: Promise<AppendOutcome>, answer: (answer: AppendAnswer) => void): void {
  void outcome.then(answer, (error: unknown) => answer({ kind: 'failed', error: error as Error }));
}

/** Stays within 32 bits; any stable spread over the shards will do here (the real journal has murmur2). */
function spread(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) >>> 0;
  return hash;
}

/**
 * Journal, snapshots and open QoS 2 ids in memory, with the real one's promises: an append is all or nothing, sequences are
 * unique, epochs fence, positions have no gap, `onCommit` rings after each commit, answers come in a later turn.
 */
/** The journal as followers see it through another way of reading. */
export function readingWith<J extends Journal>(journal: J, readShard: ReadShard): J {
  return { ...journal, readShard, follow: () => ({ readShard, close: () => undefined }) };
}

export function createMemoryJournal(
  options: { readonly shards?: number; readonly now?: () => number } = {},
): MemoryJournal {
  const shards = options.shards ?? 4;
  const now = options.now ?? Date.now;
  const rows: RecordedEvent[][] = Array.from({ length: shards }, () => []);
  const epochs = new Array<number>(shards).fill(1);
  const grownByOthers = new Array<number>(shards).fill(0);
  const relayed = new Array<number>(shards).fill(0);
  const byStream = new Map<string, RecordedEvent[]>();
  const storedSnapshots = new Map<string, Snapshot>();
  const openIds = new Map<string, Set<number>>();
  const listeners = new Set<(shard: number) => void>();
  const appends: Append[] = [];
  const reading = { now: 0, most: 0, all: 0 };
  const released: (() => void)[] = [];
  let stalled = false;
  const faults: MemoryJournalFaults = {
    nextAppends: [],
    appendDelayMs: 0,
    readsFail: false,
    snapshotsFail: false,
    get stalled() {
      return stalled;
    },
    set stalled(value: boolean) {
      stalled = value;
      if (!stalled) for (const release of released.splice(0)) release();
    },
  };

  const shardOf = (stream: string): number => spread(stream) % shards;
  const eventsOf = (stream: string): RecordedEvent[] => byStream.get(stream) ?? [];
  const ownerOf = (tenant: string, device: string): string => `${tenant}/${device}`;

  async function read<T>(give: () => T): Promise<T> {
    reading.now += 1;
    reading.all += 1;
    reading.most = Math.max(reading.most, reading.now);
    await new Promise((resolve) => setImmediate(resolve));
    reading.now -= 1;
    if (faults.readsFail) throw new JournalUnavailable('the memory journal was told to fail its reads');
    return give();
  }

  function commit(append: Append): AppendOutcome {
    const shard = shardOf(append.stream);
    if (append.epoch !== epochs[shard]) return { kind: 'fenced' };
    const known = eventsOf(append.stream);
    if (append.firstSequence !== known.length + 1) return { kind: 'conflict' };
    const ids = append.incomingIds ?? [];
    if (ids.some((id) => openIds.get(ownerOf(id.tenant, id.device))?.has(id.messageId))) return { kind: 'conflict' };
    const log = rows[shard]!;
    const firstPosition = log.length + 1;
    const recordedAt = now();
    const recorded = append.events.map((event, index) => ({
      ...event,
      shard,
      stream: append.stream,
      position: firstPosition + index,
      sequence: append.firstSequence + index,
      recordedAt,
    }));
    log.push(...recorded);
    byStream.set(append.stream, [...known, ...recorded]);
    for (const { tenant, device, messageId } of ids) {
      const owner = ownerOf(tenant, device);
      openIds.set(owner, (openIds.get(owner) ?? new Set()).add(messageId));
    }
    for (const listener of listeners) listener(shard);
    return { kind: 'committed', shard, firstPosition, recordedAt };
  }

  const journal: Journal = {
    shards,
    shardOf,
    epochOf: (shard) => epochs[shard]!,
    grownByOthers: (shard) => grownByOthers[shard]!,
    async append(append) {
      appends.push(append);
      if (stalled) await new Promise<void>((resolve) => released.push(resolve));
      await (faults.appendDelayMs > 0
        ? new Promise((resolve) => setTimeout(resolve, faults.appendDelayMs))
        : new Promise((resolve) => setImmediate(resolve)));
      switch (faults.nextAppends.shift()) {
        case 'conflict':
          return { kind: 'conflict' };
        case 'fence':
          return { kind: 'fenced' };
        case 'unavailable':
          throw new JournalUnavailable('the memory journal was told to refuse');
        case 'error':
          throw new Error('the memory journal was told to break');
        case undefined:
          return commit(append);
      }
    },
    submit(append, answer) {
      answerOf(journal.append(append), answer);
    },
    readStream: (stream, fromSequence, limit) =>
      read(() =>
        eventsOf(stream)
          .filter((event) => event.sequence >= fromSequence)
          .slice(0, limit),
      ),
    follow: () => ({ readShard: (...asked) => journal.readShard(...asked), close: () => undefined }),
    readShard: (shard, after, limit) => read(() => rows[shard]!.slice(after, after + limit)),
    lastRecordedAt: (stream, types) =>
      read(() => eventsOf(stream).findLast((event) => types.includes(event.type))?.recordedAt),
    headOf: (shard) => rows[shard]!.length,
    heads: () =>
      read(() =>
        rows.map((log, shard) => ({ shard, head: log.length, epoch: epochs[shard]!, relayed: relayed[shard]! })),
      ),
    onCommit(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    health: () => ({
      writable: !stalled,
      waitingAppends: released.length,
      waitingEvents: 0,
      waitingBytes: 0,
      ...(stalled && { reason: 'JOURNAL_UNAVAILABLE' }),
    }),
    saveRelayed(shard, position) {
      relayed[shard] = position;
      return Promise.resolve();
    },
  };

  return {
    journal,
    faults,
    rows,
    appends,
    reading,
    storedSnapshots,
    stream: (stream) => eventsOf(stream),
    ofAnotherNode: {
      ...journal,
      grownByOthers: () => 0,
      async append(append) {
        const outcome = await journal.append(append);
        if (outcome.kind === 'committed') grownByOthers[outcome.shard]! += 1;
        return outcome;
      },
      submit(append, answer) {
        answerOf(this.append(append), answer);
      },
    },
    bumpEpoch: (shard) => void (epochs[shard]! += 1),
    snapshots: {
      load: (stream) => read(() => storedSnapshots.get(stream)),
      async save(snapshot) {
        await new Promise((resolve) => setImmediate(resolve));
        if (faults.snapshotsFail) throw new Error('the memory journal was told to fail its snapshots');
        storedSnapshots.set(snapshot.stream, snapshot);
      },
    },
    incomingIds: {
      open: (tenant, device) => read(() => [...(openIds.get(ownerOf(tenant, device)) ?? [])]),
      release: (tenant, device, messageIds) =>
        read(() => {
          const ids = openIds.get(ownerOf(tenant, device));
          if (messageIds === undefined) ids?.clear();
          else for (const id of messageIds) ids?.delete(id);
        }),
    },
  };
}
