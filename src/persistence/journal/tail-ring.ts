import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';

/** Newest events of one shard in memory: contiguous, ending at `head`, bounded by bytes. */
export interface TailRing {
  /** Newest committed position that this node knows of. */
  readonly head: number;
  /** How often the shard has grown by commits of others. */
  readonly grownByOthers: number;
  /** Takes events of one commit of this node, contiguous. Answers whether the head has grown. */
  add(events: readonly RecordedEvent[]): boolean;
  /** Learns that the shard has grown to `head` by commits of others, whose events it does not hold. */
  advance(head: number): boolean;
  /** Events (after, after + limit]; `undefined` = not all of them are held, ask Postgres. */
  read(after: number, limit: number): readonly RecordedEvent[] | undefined;
}

/** Memory of an event beside its payload and metadata, about. */
const EVENT_OVERHEAD_BYTES = 250;

/** @param maxBytes how much the held events may take */
export function createTailRing(startHead: number, maxBytes: number): TailRing {
  let events: RecordedEvent[] = [];
  let dropped = 0; // events before this index are no longer held
  let bytes = 0;
  let head = startHead;
  let grownByOthers = 0;

  const held = () => events.length - dropped;
  const clear = () => {
    events = [];
    dropped = 0;
    bytes = 0;
  };
  const push = (batch: readonly RecordedEvent[]) => {
    for (const event of batch) {
      events.push(event);
      bytes += sizeOf(event);
    }
    while (bytes > maxBytes && held() > 0) {
      bytes -= sizeOf(events[dropped] as RecordedEvent);
      dropped += 1;
    }
    // Letting go of a quarter at a time costs three moves per event and holds a third more at most.
    if (dropped * 4 > events.length) {
      events = events.slice(dropped);
      dropped = 0;
    }
  };

  return {
    get head() {
      return head;
    },
    get grownByOthers() {
      return grownByOthers;
    },
    add(batch) {
      const first = batch[0]?.position ?? 0;
      const last = batch.at(-1)?.position ?? 0;
      if (last <= head) {
        // The poll of heads has told of this commit before its own answer came.
        if (last === head && held() === 0) push(batch);
        return false;
      }
      if (first !== head + 1) {
        clear(); // another node has committed in between
        grownByOthers += 1;
      }
      head = last;
      push(batch);
      return true;
    },
    advance(newHead) {
      if (newHead <= head) return false;
      clear();
      grownByOthers += 1;
      head = newHead;
      return true;
    },
    read(after, limit) {
      if (after >= head) return [];
      const oldest = head - held() + 1;
      if (after + 1 < oldest) return undefined;
      const start = dropped + (after + 1 - oldest);
      return events.slice(start, start + limit);
    },
  };
}

function sizeOf(event: RecordedEvent): number {
  return event.payload.length + event.metadata.length + EVENT_OVERHEAD_BYTES;
}
