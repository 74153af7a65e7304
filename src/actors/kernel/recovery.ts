import type { Decider, DomainEvent, EntityCodec } from './decider.js';
import { emptyEntity, fromSnapshot, type Entity } from './entity.js';
import { FleetlogError } from './errors.js';
import { fromJournal } from './from-journal.js';
import { namesLink, verifyLink } from './hash-chain.js';
import type { Journal, RecordedEvent, SnapshotStore } from './ports/journal.js';
import type { Logger } from './ports/surroundings.js';

/** Events asked from the journal at once while recovering. */
const PAGE = 1000;

/** What recovery needs to know about the concept and where to read. */
export interface RecoverySource<C, E extends DomainEvent, S> {
  readonly decider: Decider<C, E, S>;
  readonly codec: EntityCodec<E, S>;
  readonly journal: Pick<Journal, 'epochOf' | 'grownByOthers' | 'shardOf' | 'readStream'>;
  readonly snapshots: SnapshotStore;
  readonly logger: Logger;
}

/** An entity and the sequence of the snapshot it was made from, 0 when it was rebuilt from its events. */
export interface Recovered<S> {
  readonly entity: Entity<S>;
  readonly snapshotSequence: number;
}

/**
 * Rebuilds an entity from its snapshot and the events after it, or from all events when there is no usable snapshot. Every
 * event read is verified against the hash chain.
 * @throws FleetlogError `JOURNAL_CORRUPT` when the stream does not verify from its beginning either
 */
export async function recover<C, E extends DomainEvent, S>(
  stream: string,
  source: RecoverySource<C, E, S>,
): Promise<Recovered<S>> {
  // Before any read: an epoch that moves on while we read must fence the first append.
  const epoch = source.journal.epochOf(source.journal.shardOf(stream));
  const base = await loadSnapshot(stream, epoch, source);
  if (base !== undefined) {
    const snapshotSequence = base.sequence;
    const fault = await foldTail(stream, base, source);
    if (fault === undefined) return { entity: base, snapshotSequence };
    source.logger.warn({ stream, sequence: fault }, 'snapshot and events do not fit, rebuilding from the events');
  }
  const entity = emptyEntity(epoch, stream, source.decider.initialState(stream));
  const fault = await foldTail(stream, entity, source);
  if (fault === undefined) return { entity, snapshotSequence: 0 };
  throw new FleetlogError('JOURNAL_CORRUPT', `${stream} does not verify at sequence ${fault}`);
}

async function loadSnapshot<C, E extends DomainEvent, S>(
  stream: string,
  epoch: number,
  source: RecoverySource<C, E, S>,
): Promise<Entity<S> | undefined> {
  const snapshot = await fromJournal(source.snapshots.load(stream), 'reading a snapshot');
  if (snapshot === undefined) return undefined;
  try {
    return fromSnapshot(snapshot, epoch, source.codec);
  } catch (error) {
    source.logger.info({ stream, err: error }, 'snapshot not usable, rebuilding from the events');
    return undefined;
  }
}

/** Folds the events after the entity's sequence into it. Answers the sequence that does not verify, if any. */
export async function foldTail<C, E extends DomainEvent, S>(
  stream: string,
  entity: Entity<S>,
  source: RecoverySource<C, E, S>,
): Promise<number | undefined> {
  // The event of the snapshot itself is read too: its hash must be the snapshot's link. (It may be missing when retention
  // has archived it; then the events after it prove the link.)
  const base = entity.sequence;
  let from = Math.max(1, base);
  for (;;) {
    const events = await fromJournal(source.journal.readStream(stream, from, PAGE), 'reading a stream');
    for (const event of events) {
      const fits = event.sequence === base ? namesLink(event, entity.link) : foldEvent(entity, event, source);
      if (!fits) return event.sequence === base ? base : entity.sequence + 1;
    }
    if (events.length === 0) return undefined;
    from = entity.sequence + 1;
  }
}

function foldEvent<C, E extends DomainEvent, S>(
  entity: Entity<S>,
  event: RecordedEvent,
  source: RecoverySource<C, E, S>,
): boolean {
  const { sequence, occurredAt } = event;
  const link = sequence === entity.sequence + 1 ? verifyLink(entity.link, event) : undefined;
  if (link === undefined) return false;
  const decoded = source.codec.decode(event.type, event.schemaVersion, event.payload, occurredAt);
  entity.state = source.decider.evolve(entity.state, decoded, { sequence, occurredAt });
  entity.sequence = sequence;
  entity.link = link;
  return true;
}
