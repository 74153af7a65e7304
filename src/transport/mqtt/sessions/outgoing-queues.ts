import { Readable } from 'node:stream';
import type { Clock } from '../../../actors/kernel/ports/surroundings.js';
import type { OutboundPacket } from '../aedes-internals.js';

/** Bounds of one queue (`security.md` §1). */
export interface QueueLimits {
  readonly queueMessages: number;
  readonly queueBytes: number;
  readonly queueMs: number;
}

interface Queued {
  packet: OutboundPacket;
  readonly bytes: number;
  /** Monotonic ms. */
  readonly at: number;
}

interface Queue {
  readonly messages: Queued[];
  bytes: number;
}

/** Messages for sleeping sessions and those not yet acknowledged, oldest first, bounded in count, bytes and age (A8, SEC-55). */
export interface OutgoingQueues {
  enqueue(clientId: string, packet: OutboundPacket): void;
  /** Notes the packet id that a message was sent with, or replaces it by its PUBREL. Answers whether it was there. */
  update(clientId: string, packet: OutboundPacket): boolean;
  /** Takes a message out, by packet id, or by broker and counter when it was never sent (A14). */
  clear(clientId: string, packet: OutboundPacket): OutboundPacket | undefined;
  stream(clientId: string): Readable;
  forget(clientId: string): void;
  sizeOf(clientId: string): { readonly messages: number; readonly bytes: number };
}

/** @param onDrop called for each message that is dropped for a bound */
export function createOutgoingQueues(
  limits: QueueLimits,
  clock: Clock,
  onDrop: (clientId: string) => void,
): OutgoingQueues {
  const queues = new Map<string, Queue>();

  function dropAt(clientId: string, queue: Queue, index: number): OutboundPacket | undefined {
    const [dropped] = queue.messages.splice(index, 1);
    if (!dropped) return undefined;
    queue.bytes -= dropped.bytes;
    if (queue.messages.length === 0) queues.delete(clientId);
    return dropped.packet;
  }

  function dropBeyondBounds(clientId: string, queue: Queue): void {
    for (;;) {
      const [oldest] = queue.messages;
      const isWithin =
        queue.messages.length <= limits.queueMessages &&
        queue.bytes <= limits.queueBytes &&
        (!oldest || clock.monotonic() - oldest.at <= limits.queueMs);
      if (!oldest || isWithin) return;
      dropAt(clientId, queue, 0);
      onDrop(clientId);
    }
  }

  const indexOf = (queue: Queue, packet: OutboundPacket): number =>
    queue.messages.findIndex(({ packet: other }) =>
      packet.messageId === undefined
        ? packet.brokerId !== undefined &&
          other.brokerId === packet.brokerId &&
          other.brokerCounter === packet.brokerCounter
        : other.messageId === packet.messageId,
    );

  return {
    enqueue(clientId, packet) {
      let queue = queues.get(clientId);
      if (!queue) queues.set(clientId, (queue = { messages: [], bytes: 0 }));
      const bytes = packet.payload.length + packet.topic.length;
      queue.messages.push({ packet: { ...packet, messageId: undefined }, bytes, at: clock.monotonic() });
      queue.bytes += bytes;
      dropBeyondBounds(clientId, queue);
    },
    update(clientId, packet) {
      const messages = queues.get(clientId)?.messages ?? [];
      for (const message of messages) {
        const { packet: known } = message;
        if (packet.brokerId !== undefined && known.brokerId === packet.brokerId) {
          if (known.brokerCounter !== packet.brokerCounter) continue;
          known.messageId = packet.messageId;
          return true;
        }
        if (known.messageId === packet.messageId) {
          message.packet = packet;
          return true;
        }
      }
      return false;
    },
    clear(clientId, packet) {
      const queue = queues.get(clientId);
      const index = queue ? indexOf(queue, packet) : -1;
      return queue && index !== -1 ? dropAt(clientId, queue, index) : undefined;
    },
    stream(clientId) {
      const queue = queues.get(clientId);
      if (queue) dropBeyondBounds(clientId, queue);
      return Readable.from((queue?.messages ?? []).map(({ packet }) => packet));
    },
    forget: (clientId) => void queues.delete(clientId),
    sizeOf(clientId) {
      const queue = queues.get(clientId);
      return { messages: queue?.messages.length ?? 0, bytes: queue?.bytes ?? 0 };
    },
  };
}
