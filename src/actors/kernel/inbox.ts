/** Bounds of what may wait for one entity. */
export interface InboxLimits {
  readonly count: number;
  readonly bytes: number;
}

/** First in, first out, bounded in count and bytes. */
export interface Inbox<T> {
  readonly count: number;
  /** `false` = full, nothing was taken. */
  push(item: T, bytes: number): boolean;
  /** The next item, which stays in the inbox. */
  peek(): T | undefined;
  shift(): T | undefined;
}

/** An array with a moving head: `Array.shift` would move all that waits for each message. */
export function createInbox<T>(limits: InboxLimits): Inbox<T> {
  let items: { readonly item: T; readonly bytes: number }[] = [];
  let head = 0;
  let bytesWaiting = 0;
  return {
    get count() {
      return items.length - head;
    },
    push(item, bytes) {
      const count = items.length - head;
      // A single item may be larger than the bound: the edge has its own limit per message, and it must get through.
      if (count >= limits.count || (count > 0 && bytesWaiting + bytes > limits.bytes)) return false;
      items.push({ item, bytes });
      bytesWaiting += bytes;
      return true;
    },
    peek: () => items[head]?.item,
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
      return first.item;
    },
  };
}
