/** How many message ids of a device are remembered. */
export const RECENT_IDS = 1024;

/**
 * The newest `RECENT_IDS` message ids of a device. A set alone would do, since it keeps the order of insertion; but to find its
 * oldest it looks at each place that was deleted, some five hundred of them for each message (bench `ingest`).
 */
export class RecentIds implements Iterable<string> {
  /** Made by the first id: an idle device has none (bench `memory`). */
  private known: Set<string> | undefined;
  /** A ring once it is full. */
  private order: string[] = [];
  private oldest = 0;

  /** @param ids oldest first */
  constructor(ids: Iterable<string> = []) {
    for (const id of ids) this.add(id);
  }

  get size(): number {
    return this.order.length;
  }

  has(id: string): boolean {
    return this.known?.has(id) === true;
  }

  /** Remembers an id, for which the oldest may be forgotten. */
  add(id: string): void {
    this.known ??= new Set();
    const before = this.known.size;
    // Known already: asked by the size, because each look-up among a thousand devices' ids misses the caches.
    if (this.known.add(id).size === before) return;
    if (this.order.length < RECENT_IDS) {
      this.order.push(id);
      return;
    }
    this.known.delete(this.order[this.oldest] as string);
    this.order[this.oldest] = id;
    this.oldest = (this.oldest + 1) % RECENT_IDS;
  }

  clear(): void {
    this.known = undefined;
    this.order = [];
    this.oldest = 0;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<string> {
    yield* this.order.slice(this.oldest);
    yield* this.order.slice(0, this.oldest);
  }
}
