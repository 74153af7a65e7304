import { FleetlogError } from '../../actors/kernel/errors.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import { lookUpAppends, type Found } from './append-lookup.js';
import { executeAppend } from './append-statement.js';
import { createPausingBackOff } from './pause.js';
import { rollLeaf } from './leaf-roll.js';
import { toRecordedEvents, toShardBatch, type ShardBatch } from './shard-batch.js';
import type { ShardStates } from './shard-states.js';
import { fail, settle, type WaitingAppend } from './waiting-append.js';
import { classifyFailure } from './write-failure.js';
import type { WriterConnection } from './writer-connection.js';

export interface GroupWriter {
  /** Settles every append of the group, however long Postgres is away. @throws Error only when the signal is aborted */
  write(group: readonly WaitingAppend[]): Promise<void>;
  /** Code of the failure that writing waits for now. */
  readonly trouble: string | undefined;
}

export interface GroupWriterOptions {
  readonly connection: WriterConnection;
  readonly states: ShardStates;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leafEvents: number;
  readonly signal: AbortSignal;
  /** Events of one shard are committed; called after their appends are settled. */
  readonly onCommitted: (shard: number, events: readonly RecordedEvent[]) => void;
  /** A leaf has rolled: the next one may be made ahead. */
  readonly onRolled: (shard: number) => void;
}

/**
 * Writes one group at a time and finds out what became of each append:
 *
 * - answered → committed; a shard missing in the answer is fenced, or its leaf is full and rolls
 * - unique key or bad data → nothing of the group is there; halves are tried until the loser stands alone
 * - Postgres can't just now → the same again after a pause
 * - connection lost → looked up on a new connection (P5); what is not there is written again
 */
export function createGroupWriter(options: GroupWriterOptions): GroupWriter {
  const { connection, states, clock, log, leafEvents, signal, onCommitted, onRolled } = options;
  const backOff = createPausingBackOff(signal);
  let trouble: string | undefined;

  const write = async (group: readonly WaitingAppend[]): Promise<void> => {
    for (let open = stillOpen(group); open.length > 0; open = stillOpen(open)) {
      signal.throwIfAborted();
      const batches = toBatches(open);
      try {
        await append(batches);
        hasAnswered();
      } catch (error) {
        if (signal.aborted) throw error;
        await recover(stillOpen(open), error);
      }
    }
  };

  const hasAnswered = () => {
    trouble = undefined;
    backOff.reset();
  };

  const append = async (batches: readonly ShardBatch[]): Promise<void> => {
    if (batches.length === 0) return;
    const recordedAt = clock.now();
    mark(batches, true);
    const granted = await connection.withDeadline((client) => executeAppend(client, batches, recordedAt));
    const bases = new Map(granted.map(({ shard, base }) => [shard, base]));
    const missing: ShardBatch[] = [];
    for (const batch of batches) {
      const base = bases.get(batch.shard);
      if (base === undefined) missing.push(batch);
      else commit(batch, base, recordedAt);
    }
    mark(missing, false);
    for (const batch of missing) await roll(batch);
  };

  /** A shard that was not granted: rolls its leaf, or learns the new epoch under which `toBatches` fences its appends. */
  const roll = async (batch: ShardBatch): Promise<void> => {
    const recordedAt = clock.now();
    const outcome = await connection.withDeadline((client) => rollLeaf(client, batch, recordedAt, leafEvents));
    states.learnEpoch(batch.shard, outcome.epoch);
    if (outcome.kind === 'refused') return;
    for (const loser of outcome.losers) settle(loser, { kind: 'conflict' });
    commit(outcome.batch, outcome.base, recordedAt);
    onRolled(batch.shard);
  };

  const commit = (batch: ShardBatch, base: number, recordedAt: number): void => {
    let firstPosition = base + 1;
    for (const waiting of batch.appends) {
      settle(waiting, { kind: 'committed', shard: batch.shard, firstPosition, recordedAt });
      firstPosition += waiting.events;
    }
    onCommitted(batch.shard, toRecordedEvents(batch, base, recordedAt));
  };

  /** Settles appends whose epoch is past and sorts the others by shard. */
  const toBatches = (open: readonly WaitingAppend[]): readonly ShardBatch[] => {
    const byShard = new Map<number, WaitingAppend[]>();
    for (const waiting of open) {
      if (waiting.append.epoch !== states.epochOf(waiting.shard)) {
        settle(waiting, { kind: 'fenced' });
        continue;
      }
      const appends = byShard.get(waiting.shard);
      if (appends === undefined) byShard.set(waiting.shard, [waiting]);
      else appends.push(waiting);
    }
    return [...byShard].map(([shard, appends]) => toShardBatch(shard, states.epochOf(shard), appends));
  };

  const recover = async (open: readonly WaitingAppend[], error: unknown): Promise<void> => {
    const { kind, code } = classifyFailure(error);
    switch (kind) {
      case 'clash':
      case 'unacceptable':
        hasAnswered();
        for (const waiting of open) waiting.sent = false;
        await isolate(open, kind, error);
        return;
      case 'later':
        for (const waiting of open) waiting.sent = false;
        trouble = code;
        log.warn({ code, appends: open.length }, 'Postgres does not take events now, trying again');
        await backOff.pause();
        return;
      case 'unknown':
        trouble = code;
        log.warn(
          { code, appends: open.length },
          'The connection was lost under an append, looking up what became of it',
        );
        connection.cut();
        await lookUp(open);
        return;
      default:
        kind satisfies never;
    }
  };

  /** Nothing was written: goes on with halves, until the one append that can't be written stands alone. */
  const isolate = async (
    open: readonly WaitingAppend[],
    kind: 'clash' | 'unacceptable',
    error: unknown,
  ): Promise<void> => {
    const [only] = open;
    if (only === undefined) return;
    if (open.length > 1) {
      const middle = Math.ceil(open.length / 2);
      await write(open.slice(0, middle));
      await write(open.slice(middle));
    } else if (kind === 'clash') {
      settle(only, { kind: 'conflict' });
    } else {
      fail(only, new FleetlogError('INTERNAL', 'Postgres refuses the content of an append.', { cause: error }));
    }
  };

  /** Asks a new connection until it answers; what is there is settled, what is not may be written again. */
  const lookUp = async (open: readonly WaitingAppend[]): Promise<void> => {
    const asked = open.filter(({ sent }) => sent);
    for (let known = asked.length === 0; !known;) {
      await backOff.pause();
      try {
        const found = await connection.withDeadline((client) => lookUpAppends(client, asked));
        asked.forEach((waiting, index) => settleFound(waiting, found[index] ?? { kind: 'nothing' }));
        known = true;
        hasAnswered();
      } catch (error) {
        if (signal.aborted) throw error;
        connection.cut();
      }
    }
  };

  const settleFound = (waiting: WaitingAppend, found: Found): void => {
    waiting.sent = false;
    switch (found.kind) {
      case 'nothing':
        return;
      case 'taken':
        settle(waiting, { kind: 'conflict' });
        return;
      case 'ours': {
        const { firstPosition, recordedAt } = found;
        settle(waiting, { kind: 'committed', shard: waiting.shard, firstPosition, recordedAt });
        const batch = toShardBatch(waiting.shard, waiting.append.epoch, [waiting]);
        onCommitted(waiting.shard, toRecordedEvents(batch, firstPosition - 1, recordedAt));
        return;
      }
      default:
        found satisfies never;
    }
  };

  return {
    write,
    get trouble() {
      return trouble;
    },
  };
}

function stillOpen(group: readonly WaitingAppend[]): readonly WaitingAppend[] {
  return group.filter(({ settled }) => !settled);
}

function mark(batches: readonly ShardBatch[], sent: boolean): void {
  for (const { appends } of batches) for (const waiting of appends) waiting.sent = sent;
}
