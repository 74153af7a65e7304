import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';

/**
 * Newest events of one shard in memory: contiguous, ending at `head`, bounded by bytes. It holds what was committed last, and what
 * one of its readers has not read: an event that stays longer is moved twice by the garbage collector and has to be searched for
 * by its slow half (bench `ingest`).
 */
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
  /** For who reads the shard as it grows. */
  open(): RingReader;
}

/** Somebody who reads the shard as it grows. */
export interface RingReader {
  /** As `TailRing.read`; what lies up to `after` he does not need any more. */
  read(after: number, limit: number): readonly RecordedEvent[] | undefined;
  /** Reads no more. */
  close(): void;
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
  /** Positions that the readers have read up to. */
  const readers = new Set<{ after: number }>();

  const held = () => events.length - dropped;
  const oldest = () => head - held() + 1;
  const clear = () => {
    events = [];
    dropped = 0;
    bytes = 0;
  };
  const drop = (count: number) => {
    for (const end = dropped + count; dropped < end; dropped += 1) bytes -= sizeOf(events[dropped] as RecordedEvent);
  };
  /** How many of the held events none of the readers has before him. Who is further behind asks Postgres. */
  const countRead = () => {
    const first = oldest();
    let unread = head + 1;
    for (const { after } of readers) if (after + 1 >= first) unread = Math.min(unread, after + 1);
    return unread - first;
  };
  const push = (batch: readonly RecordedEvent[]) => {
    drop(countRead());
    for (const event of batch) {
      events.push(event);
      bytes += sizeOf(event);
    }
    while (bytes > maxBytes && held() > 0) drop(1);
    // Letting go of a quarter at a time costs three moves per event and holds a third more at most.
    if (dropped * 4 > events.length) {
      events = events.slice(dropped);
      dropped = 0;
    }
  };
  const read = (after: number, limit: number) => {
    if (after >= head) return [];
    if (after + 1 < oldest()) return undefined;
    const start = dropped + (after + 1 - oldest());
    return events.slice(start, start + limit);
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
      push(batch);
      head = last;
      return true;
    },
    advance(newHead) {
      if (newHead <= head) return false;
      clear();
      grownByOthers += 1;
      head = newHead;
      return true;
    },
    read,
    open() {
      const reader = { after: -1 };
      readers.add(reader);
      return {
        read(after, limit) {
          const found = read(after, limit);
          // Postgres answers up to the head, if the limit lets it: from there on it is held for him.
          reader.after = found === undefined && head - after <= limit ? head : after;
          return found;
        },
        close: () => void readers.delete(reader),
      };
    },
  };
}

function sizeOf(event: RecordedEvent): number {
  return event.payload.length + event.metadata.length + EVENT_OVERHEAD_BYTES;
}
