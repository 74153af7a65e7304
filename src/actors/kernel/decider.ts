import type { Rejection } from './ports/entities.js';

/**
 * An event as the domain sees it, before encoding: a plain object, `data` is what becomes the payload.
 * @typeParam T name of the event type, past tense
 */
export interface DomainEvent<T extends string = string, D = unknown> {
  readonly type: T;
  /** When the fact happened, ms since 1970. Absent = when it was decided. */
  readonly occurredAt?: number;
  readonly data: D;
}

/** What `decide` may know beside command and state: all time comes in here. */
export interface DecisionContext {
  /** ms since 1970, the same for all commands of one batch. */
  readonly now: number;
  /** Sequence that the first event of this decision will have. */
  readonly nextSequence: number;
  /** Stream of the entity. */
  readonly stream: string;
}

/** Events to journal, and whether the command was refused (a refusal may itself be a fact worth an event). */
export interface Decision<E> {
  readonly events: readonly E[];
  readonly rejection?: Rejection;
}

/** An event with its place in the stream, as `evolve` sees it live and on recovery alike. */
export interface EvolveContext {
  readonly sequence: number;
  readonly occurredAt: number;
}

/**
 * A domain concept as three pure functions (after the decider pattern of J. Chassaing).
 *
 * `evolve` owns its state: the kernel applies it before the commit and throws the whole state away when the append fails, so
 * it may change the given state in place and return it (no copy of a 1024-id window per message: bench `ingest`). Two states
 * reached through the same events must be deeply equal after `toSnapshot`.
 */
export interface Decider<C, E extends DomainEvent, S> {
  initialState(stream: string): S;
  decide(command: C, state: S, context: DecisionContext): Decision<E>;
  evolve(state: S, event: E, context: EvolveContext): S;
}

/** How a concept's events and state become bytes and come back. */
export interface EntityCodec<E extends DomainEvent, S> {
  /** Current schema version of an event type. */
  versionOf(type: E['type']): number;
  /** Payload bytes of an event, `JSON.stringify(event.data)` unless a cheaper way gives the same. */
  encode(event: E): Buffer;
  /** Undoes `encode`, lifting old schema versions through the upcasters. Throws on an unknown type or version. */
  decode(type: string, schemaVersion: number, payload: Buffer, occurredAt: number): E;
  /** Version of the snapshot's shape: another one on load = the snapshot is ignored and the state rebuilt from events. */
  readonly snapshotVersion: number;
  toSnapshot(state: S): unknown;
  fromSnapshot(value: unknown): S;
}
