import type { Journal, RecordedEvent } from '../../actors/kernel/ports/journal.js';

type StreamReader = Pick<Journal, 'readStream'>;

/** Events that one request looks through at most, so that a narrow selection over a long stream stays cheap. */
const MAX_SCANNED = 10_000;
/** Events read at a time. */
const CHUNK = 100;
/** Of payloads in a page; the event that goes beyond it is the page's last. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;

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
  let bytes = 0;
  while (sequence <= to && sequence - from < MAX_SCANNED) {
    const chunk = await journal.readStream(stream, sequence, Math.min(CHUNK, to - sequence + 1));
    if (chunk.length === 0) return { events };
    for (const event of chunk) {
      sequence = event.sequence + 1;
      if (types !== undefined && !types.has(event.type)) continue;
      if (events.length === limit || bytes >= MAX_PAGE_BYTES) return { events, nextSequence: event.sequence };
      events.push(event);
      bytes += event.payload.length;
    }
  }
  return sequence <= to ? { events, nextSequence: sequence } : { events };
}

/**
 * Sequence of the first event recorded after `time` (ms since 1970), or one behind the last event when there is none. Times of
 * recording never fall within a stream, so some 2 log2(length) single reads find it. The stream is asked and not its entity:
 * what another node has appended counts too.
 */
export async function firstSequenceAfter(journal: StreamReader, stream: string, time: number): Promise<number> {
  const isAfter = async (sequence: number): Promise<boolean> => {
    const [event] = await journal.readStream(stream, sequence, 1);
    return event === undefined || event.recordedAt > time;
  };
  let high = 1;
  while (!(await isAfter(high))) high *= 2;
  let low = Math.floor(high / 2) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}
