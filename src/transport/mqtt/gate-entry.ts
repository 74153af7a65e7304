import type { DeviceCommand } from '../../actors/device/commands.js';
import type { Ask, Origin, Outcome } from '../../actors/kernel/ports/entities.js';
import type { InboundMessage } from './publish-intake.js';

/** Where an entry's end is worked on: the queue of its connection. */
export interface EntryOwner {
  release(): void;
}

/** @param isForwarded a refused message and a repeat are acknowledged too, but reach nobody */
export type Acknowledge = (isForwarded: boolean) => void;

/**
 * A publish between its arrival and its acknowledgement. It is the ask itself, so that no promise and no closure is made per
 * message (bench `ingest`); a class, so that all entries share one shape and one `settle`.
 */
export class GateEntry implements Ask<DeviceCommand> {
  abandoned?: boolean;
  readonly incomingId?: number;
  /** Set once the entity has answered. */
  outcome: Outcome | undefined;

  constructor(
    private readonly owner: EntryOwner,
    readonly command: DeviceCommand,
    readonly origin: Origin,
    readonly message: InboundMessage,
    readonly bytes: number,
    /** Monotonic ms. */
    readonly arrivedAt: number,
    /** Acknowledges by aedes; absent for what was taken past it. */
    readonly done: Acknowledge | undefined,
  ) {
    if (message.qos === 2 && message.messageId !== undefined) this.incomingId = message.messageId;
  }

  settle(outcome: Outcome): void {
    if (this.abandoned) return;
    this.outcome = outcome;
    this.owner.release();
  }
}
