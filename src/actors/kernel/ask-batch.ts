import type { BatchDraft } from './batch-draft.js';
import type { Ask, Outcome } from './ports/entities.js';
import type { AppendOutcome } from './ports/journal.js';
import type { Logger } from './ports/surroundings.js';

/** Asks that one actor decides together, answered in their order. */
export class AskBatch<C> {
  private answered = 0;

  constructor(
    private readonly stream: string,
    readonly asks: readonly Ask<C>[],
    private readonly logger: Logger,
  ) {}

  /** Whether somebody waits for an answer. */
  get isOpen(): boolean {
    return this.answered < this.asks.length;
  }

  /** Index of the first ask that is not answered. */
  get next(): number {
    return this.answered;
  }

  /** Whether QoS 2 ids have to be looked at. */
  get needsIds(): boolean {
    for (const ask of this.asks) if (ask.incomingId !== undefined) return true;
    return false;
  }

  /**
   * Answers what a draft has decided. Synchronous from the commit to the last reply, so that nothing can fail or slip in between.
   * @param committed absent when the draft holds no event
   */
  answer(draft: BatchDraft, committed: (AppendOutcome & { kind: 'committed' }) | undefined): void {
    const { stream } = this;
    const { verdicts, eventCounts, firstSequence } = draft;
    let offset = 0;
    for (let index = 0; index < verdicts.length; index += 1) {
      const verdict = verdicts[index] as Outcome;
      const count = eventCounts[index] ?? 0;
      if (count === 0 || committed === undefined || verdict.kind === 'failed') this.settleNext(verdict);
      else {
        const { shard, firstPosition } = committed;
        const recorded = { stream, shard, sequence: firstSequence + offset, position: firstPosition + offset, count };
        if (verdict.kind === 'accepted') this.settleNext({ kind: 'accepted', recorded });
        else this.settleNext({ kind: 'rejected', rejection: verdict.rejection, recorded });
      }
      offset += count;
    }
  }

  /** @param code of a failure that leaves nothing of the rest written */
  answerRest(code: string): void {
    while (this.isOpen) this.settleNext({ kind: 'failed', code });
  }

  /** An asker that throws breaks its own promise; the askers behind it must not suffer. */
  private settleNext(outcome: Outcome): void {
    const ask = this.asks[this.answered] as Ask<C>;
    this.answered += 1;
    try {
      ask.settle(outcome);
    } catch (error) {
      this.logger.error({ code: 'INTERNAL', stream: this.stream, err: error }, 'an asker threw at its outcome');
    }
  }
}
