import { FleetlogError } from '../../actors/kernel/errors.js';
import type { EntityDirectory, Origin, Outcome, Recorded } from '../../actors/kernel/ports/entities.js';
import type { PublicCall } from '../call.js';
import { codeOf, Refusal, refusalOf } from '../problem.js';

/**
 * The place of the events that a command caused; `undefined` when it changed nothing.
 * @throws Refusal when the domain refused it, FleetlogError when it was not decided
 */
function recordedBy(outcome: Outcome): Recorded | undefined {
  switch (outcome.kind) {
    case 'accepted':
      return outcome.recorded;
    case 'rejected':
      throw refusalOf(outcome.rejection);
    case 'failed':
      throw new FleetlogError(codeOf(outcome.code), 'The command was not decided.');
  }
}

/** What a command is, beyond itself. */
export interface Doing {
  /** The answer holds a secret that is nowhere else, so that nothing can make it a second time. */
  readonly secretAnswer?: boolean;
}

/**
 * Sends the command of a call to an entity, unless an earlier request with the same `Idempotency-Key` has had its effect.
 * @throws Refusal, FleetlogError as `recordedBy`; Refusal `IDEMPOTENCY_ANSWER_LOST`
 */
export async function doOnce<C, S>(
  directory: EntityDirectory<C, S>,
  call: PublicCall,
  stream: string,
  command: C,
  origin: Origin,
  { secretAnswer = false }: Doing = {},
): Promise<Recorded | undefined> {
  if (call.earlier !== undefined) {
    // Answered behind all that was asked of the entity before: what the earlier request had under way is committed or gone.
    await directory.query(stream, () => undefined);
    const effect = await call.earlier(stream);
    if (effect !== undefined && secretAnswer) {
      tellRecorded(call, effect);
      throw new Refusal('IDEMPOTENCY_ANSWER_LOST', 'It was done before, and the secret in its answer is lost.');
    }
    if (effect !== undefined) return effect;
  }
  return recordedBy(await directory.request(stream, command, origin, { correlationId: call.requestId }));
}

/** Names the journaled event in the answer to a write. */
export function tellRecorded(call: PublicCall, recorded: Recorded | undefined): void {
  if (recorded === undefined) return;
  call.response.set({
    'Fleetlog-Sequence': String(recorded.sequence),
    'Fleetlog-Position': `${recorded.shard}:${recorded.position}`,
  });
}
