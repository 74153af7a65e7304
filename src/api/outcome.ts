import { FleetlogError } from '../actors/kernel/errors.js';
import type { Outcome, Recorded } from '../actors/kernel/ports.js';
import type { PublicCall } from './call.js';
import { codeOf, refusalOf } from './problem.js';

/**
 * The place of the events that a command caused; `undefined` when it changed nothing.
 * @throws Refusal when the domain refused it, FleetlogError when it was not decided
 */
export function recordedBy(outcome: Outcome): Recorded | undefined {
  switch (outcome.kind) {
    case 'accepted':
      return outcome.recorded;
    case 'rejected':
      throw refusalOf(outcome.rejection);
    case 'failed':
      throw new FleetlogError(codeOf(outcome.code), 'The command was not decided.');
  }
}

/** Names the journaled event in the answer to a write. */
export function tellRecorded(call: PublicCall, recorded: Recorded | undefined): void {
  if (recorded === undefined) return;
  call.response.set({
    'Fleetlog-Sequence': String(recorded.sequence),
    'Fleetlog-Position': `${recorded.shard}:${recorded.position}`,
  });
}
