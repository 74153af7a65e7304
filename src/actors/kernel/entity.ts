import { chainStart } from './hash-chain.js';
import type { EntityCodec, DomainEvent } from './decider.js';
import type { EncodedOrigin } from './origin.js';
import type { Snapshot } from './ports/journal.js';

/** An entity in memory: the fold of its stream up to `sequence`. Replaced as a whole when an append fails. */
export interface Entity<S> {
  state: S;
  /** Of the last event in `state`, 0 before the first. */
  sequence: number;
  /** h(sequence) of the stream's hash chain. */
  link: Buffer;
  /** The shard's epoch when recovery began. */
  readonly epoch: number;
  /** Who has caused the last event that was decided here: mostly the next one too. */
  speaker: EncodedOrigin | undefined;
}

/** An entity before its first event. */
export function emptyEntity<S>(epoch: number, stream: string, state: S): Entity<S> {
  return { state, sequence: 0, link: chainStart(stream), epoch, speaker: undefined };
}

/** A snapshot's JSON: the chain's link beside the state, so that the tail read after it can be verified. */
interface SnapshotEnvelope {
  readonly link: string;
  readonly state: unknown;
}

export function toSnapshot<E extends DomainEvent, S>(
  stream: string,
  entity: Entity<S>,
  codec: EntityCodec<E, S>,
): Snapshot {
  const envelope: SnapshotEnvelope = { link: entity.link.toString('base64url'), state: codec.toSnapshot(entity.state) };
  return {
    stream,
    sequence: entity.sequence,
    schemaVersion: codec.snapshotVersion,
    state: Buffer.from(JSON.stringify(envelope)),
  };
}

/** @throws when the bytes are not an envelope of this codec: the caller rebuilds from the events instead. */
export function fromSnapshot<E extends DomainEvent, S>(
  snapshot: Snapshot,
  epoch: number,
  codec: EntityCodec<E, S>,
): Entity<S> {
  if (snapshot.schemaVersion !== codec.snapshotVersion) {
    throw new Error(`snapshot has version ${snapshot.schemaVersion}, this program reads ${codec.snapshotVersion}`);
  }
  const envelope = JSON.parse(snapshot.state.toString()) as Partial<SnapshotEnvelope>;
  const link = Buffer.from(String(envelope.link), 'base64url');
  if (link.length !== 32 || envelope.state === undefined) throw new Error('snapshot holds no link or no state');
  return { state: codec.fromSnapshot(envelope.state), sequence: snapshot.sequence, link, epoch, speaker: undefined };
}
