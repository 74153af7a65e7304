import type { Journal, RecordedEvent } from '../actors/kernel/ports.js';

type StreamReader = Pick<Journal, 'readStream'>;

/** Events that one request looks through at most, so that a narrow selection over a long stream stays cheap. */
const MAX_SCANNED = 10_000;
const CHUNK = 500;

export interface StreamPage {
  readonly events: readonly RecordedEvent[];
  /** Where the next page begins; absent on the last. */
  readonly nextSequence?: number;
}

/** Reads the events `from` … `to` (both included) of one stream that have one of the types. */
export async function readStreamPage(
  journal: StreamReader,
  query: {
    readonly stream: string;
    readonly from: number;
    readonly to: number;
    readonly types?: ReadonlySet<string>;
    readonly limit: number;
  },
): Promise<StreamPage> {
  const { stream, from, to, types, limit } = query;
  const events: RecordedEvent[] = [];
  let sequence = from;
  while (sequence <= to && sequence - from < MAX_SCANNED) {
    const chunk = await journal.readStream(stream, sequence, Math.min(CHUNK, to - sequence + 1));
    if (chunk.length === 0) return { events };
    for (const event of chunk) {
      sequence = event.sequence + 1;
      if (types !== undefined && !types.has(event.type)) continue;
      if (events.length === limit) return { events, nextSequence: event.sequence };
      events.push(event);
    }
  }
  return sequence <= to ? { events, nextSequence: sequence } : { events };
}

/**
 * Sequence of the first event recorded after `time` (ms since 1970), `head + 1` when there is none. Times of recording never
 * fall within a stream, so about log2(head) single reads find it.
 */
export async function firstSequenceAfter(
  journal: StreamReader,
  stream: string,
  head: number,
  time: number,
): Promise<number> {
  let low = 1;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await journal.readStream(stream, middle, 1);
    if (event === undefined || event.recordedAt > time) high = middle;
    else low = middle + 1;
  }
  return low;
}
