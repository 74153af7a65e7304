/** Bounds of what may wait for one entity. */
export interface InboxLimits {
  readonly count: number;
  readonly bytes: number;
}

export interface Sized {
  /** What it counts against the bound. */
  readonly bytes: number;
}

/** First in, first out, bounded in count and bytes. */
export interface Inbox<T extends Sized> {
  readonly count: number;
  /** `false` = full, nothing was taken. */
  push(item: T): boolean;
  /** The next item, which stays in the inbox. */
  peek(): T | undefined;
  shift(): T | undefined;
}

/** An array with a moving head: `Array.shift` would move all that waits for each message. */
export function createInbox<T extends Sized>(limits: InboxLimits): Inbox<T> {
  let items: T[] = [];
  let head = 0;
  let bytesWaiting = 0;
  return {
    get count() {
      return items.length - head;
    },
    push(item) {
      const count = items.length - head;
      // A single item may be larger than the bound: the edge has its own limit per message, and it must get through.
      if (count >= limits.count || (count > 0 && bytesWaiting + item.bytes > limits.bytes)) return false;
      items.push(item);
      bytesWaiting += item.bytes;
      return true;
    },
    peek: () => items[head],
    shift() {
      const first = items[head];
      if (first === undefined) return undefined;
      head += 1;
      bytesWaiting -= first.bytes;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head >= 256 && head * 2 >= items.length) {
        items = items.slice(head);
        head = 0;
      }
      return first;
    },
  };
}
