/** Bounds of what may wait for one entity. */
export interface InboxLimits {
  readonly count: number;
  readonly bytes: number;
}

/** Room that an empty inbox keeps. */
const KEPT_PLACES = 16;

export interface Sized {
  /** What it counts against the bound. */
  readonly bytes: number;
}

/**
 * First in, first out, bounded in count and bytes. A class, because each literal with a getter has a shape of its own, and a
 * thousand inboxes then are a thousand shapes for whoever uses them (bench `ingest`).
 */
export class Inbox<T extends Sized> {
  /** From `head` to `tail`: `Array.shift` would move all that waits for each message, and an emptied array grows anew. */
  private items: (T | undefined)[] = [];
  private head = 0;
  private tail = 0;
  private bytesWaiting = 0;

  constructor(private readonly limits: InboxLimits) {}

  get count(): number {
    return this.tail - this.head;
  }

  /** `false` = full, nothing was taken. */
  push(item: T): boolean {
    const { count, limits } = this;
    // A single item may be larger than the bound: the edge has its own limit per message, and it must get through.
    if (count >= limits.count || (count > 0 && this.bytesWaiting + item.bytes > limits.bytes)) return false;
    this.items[this.tail] = item;
    this.tail += 1;
    this.bytesWaiting += item.bytes;
    return true;
  }

  /** The next item, which stays in the inbox. */
  peek(): T | undefined {
    return this.items[this.head];
  }

  shift(): T | undefined {
    const first = this.items[this.head];
    if (first === undefined) return undefined;
    this.items[this.head] = undefined;
    this.head += 1;
    this.bytesWaiting -= first.bytes;
    if (this.head === this.tail) this.rewind([]);
    else if (this.head >= 256 && this.head * 2 >= this.tail) this.rewind(this.items.slice(this.head, this.tail));
    return first;
  }

  private rewind(left: (T | undefined)[]): void {
    // Few places are kept: an idle entity needs none of many.
    if (left.length > 0 || this.items.length > KEPT_PLACES) this.items = left;
    this.head = 0;
    this.tail = left.length;
  }
}
