import type { DeviceCommand } from '../../actors/device/commands.js';
import type { Ask, Origin, Outcome } from '../../actors/kernel/ports.js';
import type { InboundPublish } from './aedes-internals.js';

/** Where an entry's end is worked on: the queue of its connection. */
export interface EntryOwner {
  release(): void;
}

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
    readonly packet: InboundPublish,
    readonly bytes: number,
    /** Monotonic ms. */
    readonly arrivedAt: number,
    /** aedes' callback: without an error it acknowledges and forwards. */
    readonly done: (error?: Error | null) => void,
  ) {
    if (packet.qos === 2 && packet.messageId !== undefined) this.incomingId = packet.messageId;
  }

  settle(outcome: Outcome): void {
    if (this.abandoned) return;
    this.outcome = outcome;
    this.owner.release();
  }
}
