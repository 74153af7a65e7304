import type { Decider, DomainEvent, EntityCodec } from './decider.js';
import type { Entity } from './entity.js';
import { linkEvent } from './hash-chain.js';
import { encodeMetadata, encodeOrigin } from './origin.js';
import type { Ask, Outcome } from './ports/entities.js';
import type { Append, EncodedEvent, IncomingId } from './ports/journal.js';
import type { Logger } from './ports/surroundings.js';

/** One append carries at most so many events, or bytes of payload and metadata (a single decision may exceed them). */
const MAX_EVENTS = 500;
const MAX_BYTES = 1024 * 1024;

const ACCEPTED: Outcome = { kind: 'accepted' };
const ABANDONED: Outcome = { kind: 'failed', code: 'TIMEOUT' };
const FAILED: Outcome = { kind: 'failed', code: 'ACTOR_FAILED' };

/** What a run of asks decided, in their order: the append of it, handed to the journal as it is, and what to answer. */
export interface BatchDraft extends Append {
  readonly events: EncodedEvent[];
  readonly incomingIds: IncomingId[];
  /** One per decided ask, without the place of its events: the journal has not given it yet. */
  readonly verdicts: Outcome[];
  /** How many events each decided ask caused. */
  readonly eventCounts: number[];
  /** Nobody hurries for any of it. */
  patient: boolean;
}

/** Thrown when an ask's event can't be applied or encoded: the entity is half changed and has to be forgotten. */
export class PoisonedAsk extends Error {
  constructor(
    readonly index: number,
    cause: unknown,
  ) {
    super('an event could not be applied', { cause });
  }
}

/** What all drafts of one kind of entity share: handed over as it is, a copy of it per batch costs more than a decision. */
export interface DraftSetting<C, E extends DomainEvent, S> {
  readonly decider: Decider<C, E, S>;
  readonly codec: EntityCodec<E, S>;
  readonly logger: Logger;
}

export interface DraftOptions<C, E extends DomainEvent, S> {
  readonly setting: DraftSetting<C, E, S>;
  readonly stream: string;
  readonly entity: Entity<S>;
  readonly asks: readonly Ask<C>[];
  /** Index of the first ask to decide. */
  readonly from: number;
  /** Asks that have poisoned an earlier draft of the same batch. */
  readonly poisoned: ReadonlySet<Ask<C>> | undefined;
  /** Open QoS 2 ids of the entity; new ones are added. Needed when one of the asks carries an id. */
  readonly openIds: Set<number> | undefined;
  readonly incomingOwner: { readonly tenant: string; readonly device: string };
  readonly now: number;
}

/**
 * Decides asks in order on the entity, which is changed in place, until the asks are used up or an append is full. Synchronous:
 * no promise per message.
 * @throws PoisonedAsk
 */
export function draftBatch<C, E extends DomainEvent, S>(options: DraftOptions<C, E, S>): BatchDraft {
  const { entity, asks, openIds } = options;
  const draft: BatchDraft = {
    stream: options.stream,
    epoch: entity.epoch,
    firstSequence: entity.sequence + 1,
    events: [],
    incomingIds: [],
    verdicts: [],
    eventCounts: [],
    patient: true,
  };
  let bytes = 0;
  for (let index = options.from; index < asks.length; index += 1) {
    if (draft.events.length >= MAX_EVENTS || bytes >= MAX_BYTES) break;
    const ask = asks[index] as Ask<C>;
    const eventsBefore = draft.events.length;
    if (ask.patient !== true) draft.patient = false;
    if (ask.abandoned === true) draft.verdicts.push(ABANDONED);
    else if (options.poisoned?.has(ask) === true) draft.verdicts.push(FAILED);
    else if (ask.incomingId !== undefined && openIds?.has(ask.incomingId) === true) draft.verdicts.push(ACCEPTED);
    else {
      draft.verdicts.push(decide(options, ask, index, draft.events));
      if (ask.incomingId !== undefined && draft.events.length > eventsBefore) {
        openIds?.add(ask.incomingId);
        draft.incomingIds.push({ ...options.incomingOwner, messageId: ask.incomingId });
      }
    }
    draft.eventCounts.push(draft.events.length - eventsBefore);
    for (let at = eventsBefore; at < draft.events.length; at += 1) {
      const event = draft.events[at] as EncodedEvent;
      bytes += event.payload.length + event.metadata.length;
    }
  }
  return draft;
}

function decide<C, E extends DomainEvent, S>(
  options: DraftOptions<C, E, S>,
  ask: Ask<C>,
  index: number,
  into: EncodedEvent[],
): Outcome {
  const { entity, stream, setting, now } = options;
  let decision;
  try {
    decision = setting.decider.decide(ask.command, entity.state, { now, nextSequence: entity.sequence + 1, stream });
  } catch (error) {
    setting.logger.error({ code: 'ACTOR_FAILED', stream, err: error }, 'a command could not be decided');
    return FAILED;
  }
  if (decision.events.length > 0) {
    try {
      appendEvents(options, ask, decision.events, into);
    } catch (error) {
      throw new PoisonedAsk(index, error);
    }
  }
  return decision.rejection === undefined ? ACCEPTED : { kind: 'rejected', rejection: decision.rejection };
}

function appendEvents<C, E extends DomainEvent, S>(
  { entity, stream, setting: { decider, codec }, now }: DraftOptions<C, E, S>,
  ask: Ask<C>,
  events: readonly E[],
  into: EncodedEvent[],
): void {
  const correlationId = ask.correlationId ?? `${stream}:${entity.sequence + 1}`;
  entity.speaker = encodeOrigin(ask.origin, entity.speaker);
  const parts = encodeMetadata(entity.speaker, correlationId, ask.causationId);
  for (const event of events) {
    const sequence = entity.sequence + 1;
    const occurredAt = event.occurredAt ?? now;
    const { type } = event;
    const schemaVersion = codec.versionOf(type);
    const payload = codec.encode(event);
    const metadata = linkEvent(entity.link, { sequence, type, schemaVersion, occurredAt, payload }, parts);
    entity.state = decider.evolve(entity.state, event, { sequence, occurredAt });
    entity.sequence = sequence;
    into.push({ type, schemaVersion, occurredAt, payload, metadata });
  }
}
