import { expect } from '@jest/globals';
import type { Decider, Decision, DomainEvent } from '../../../src/actors/kernel/decider.js';

/** `given(events).when(command).then(events)` for a decider; the state between is the fold of the events. */
export function specificationOf<C, E extends DomainEvent, S>(decider: Decider<C, E, S>, stream: string, now: number) {
  const fold = (events: readonly E[]): S =>
    events.reduce(
      (state, event, index) =>
        decider.evolve(state, event, { sequence: index + 1, occurredAt: event.occurredAt ?? now }),
      decider.initialState(stream),
    );
  return {
    fold,
    given: (...events: readonly E[]) => ({
      when(command: C, at = now) {
        const context = { now: at, nextSequence: events.length + 1, stream };
        const decision: Decision<E> = decider.decide(command, fold(events), context);
        return {
          decision,
          /** Exactly these events, accepted. */
          then: (...expected: readonly E[]) => expect(decision).toEqual({ events: expected }),
          /** Refused with this code, without an event. */
          refuses: (code: string, pointer?: string) =>
            expect(decision).toMatchObject({
              events: [],
              rejection: { code, ...(pointer !== undefined && { pointer }) },
            }),
        };
      },
    }),
  };
}
