import { signal } from '@preact/signals';
import { addressOf, reach, toProblem, type Schema } from './client.js';
import { createMessageReader } from './event-source.js';
import { noteFailure, noteSuccess, session } from './session.js';
import { takeStreamSlot } from './stream-slot.js';

export type JournalEvent = Schema<'Event'>;

/** What the corner of the window says. */
export type LiveState =
  | { readonly state: 'off' }
  | { readonly state: 'connecting' }
  | { readonly state: 'live'; readonly skipped: number }
  | { readonly state: 'reconnecting'; readonly at: number }
  | { readonly state: 'paused' };

/** Of the stream that the page shows; a page has one at most. */
export const liveState = signal<LiveState>({ state: 'off' });
/** Whether the user has stopped the stream (`p`). Nothing is lost: it resumes where it was. */
export const paused = signal(false);

export interface LiveOptions {
  /** Parameters of `/api/v1/events`. */
  readonly query: Readonly<Record<string, string>>;
  /** Positions to begin behind; the newest event when absent. */
  readonly after?: string;
  /** Events in the order of their shards. Called once per piece that has arrived. */
  readonly onEvents: (events: readonly JournalEvent[]) => void;
  /** The server no longer knows the place: the stream goes on at the newest event, and what lies between is to be read anew. */
  readonly onLost?: () => void;
}

/** A tab that nobody sees gives its connection back after this time; browsers have six per host. */
const HIDDEN_MS = 5_000;
const FIRST_WAIT_MS = 1_000;
const LAST_WAIT_MS = 15_000;
/** The server says something every 15 s at least. */
const SILENCE_MS = 40_000;
/** A tab without a stream of its own looks in for a moment, again and again: it is as complete as the others, and a little later. */
const LOOK_MS = 500;
const LOOK_EVERY_MS = 3_000;
const LOOKED = new Error('looked in');
/** A node that has not read the newest commits yet refuses a place for a moment only. */
const REFUSALS = 3;

/**
 * Follows the journal until it is stopped: connects again by itself, from the position of the last event that was handed on,
 * so that none is missed and none comes twice.
 * @returns stops it
 */
export function followJournal({ query, after, onEvents, onLost }: LiveOptions): () => void {
  let position = after;
  /** Last position that was handed on, by shard: a piece that arrived in part comes again as a whole. */
  const handedOn = new Map<number, number>();
  let skipped = 0;
  let refusals = 0;
  let waitMs = FIRST_WAIT_MS;
  let connection: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  const wanted = (): boolean => !stopped && !paused.value && !hiddenLong && session.value.state === 'open';
  let hiddenLong = document.hidden;

  const handle = (messages: ReturnType<ReturnType<typeof createMessageReader>>): void => {
    const events: JournalEvent[] = [];
    for (const { event, data, id, retry } of messages) {
      if (data !== undefined) {
        if (event === 'skipped') skipped += Number(data);
        else {
          const read = JSON.parse(data) as JournalEvent;
          if (read.position <= (handedOn.get(read.shard) ?? 0)) continue;
          handedOn.set(read.shard, read.position);
          events.push(read);
        }
      }
      if (id !== undefined) position = id;
      if (retry !== undefined) waitMs = Math.min(retry, LAST_WAIT_MS);
    }
    if (skipped > 0 && liveState.value.state === 'live') liveState.value = { state: 'live', skipped };
    if (events.length > 0) onEvents(events);
  };

  const lose = (): void => {
    position = undefined;
    handedOn.clear();
    refusals = 0;
    onLost?.();
  };

  const run = async (mine: AbortController): Promise<void> => {
    const release = await takeStreamSlot();
    let look: ReturnType<typeof setTimeout> | undefined;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const hear = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(new Error('nothing was heard')), SILENCE_MS);
    };
    try {
      if (connection !== mine) return; // stopped while it waited
      hear();
      const response = await reach(
        addressOf('/api/v1/events', { query: { perSecond: 4, ...query, after: position ?? 'head' } }),
        {
          headers: { Accept: 'text/event-stream' },
          signal: mine.signal,
        },
      );
      noteSuccess();
      refusals = 0;
      liveState.value = { state: 'live', skipped };
      if (release === undefined) {
        look = setTimeout(() => mine.abort(LOOKED), LOOK_MS);
      }
      const read = createMessageReader();
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        hear();
        handle(read(decoder.decode(piece.value, { stream: true })));
      }
    } catch (error) {
      if (connection !== mine || mine.signal.reason === LOOKED) return; // stopped on purpose
      noteFailure(error);
      const { status, code } = toProblem(error);
      if (code === 'CURSOR_INVALID') refusals += 1;
      if (refusals === REFUSALS || status === 410) lose(); // another journal, or too old a place
    } finally {
      clearTimeout(silence);
      clearTimeout(look);
      release?.();
      if (connection === mine) connectLater(mine.signal.reason === LOOKED);
    }
  };

  const connect = (): void => {
    clearTimeout(timer);
    connection = new AbortController();
    if (!/live|reconnecting/.test(liveState.value.state)) liveState.value = { state: 'connecting' };
    void run(connection);
  };
  const disconnect = (state: LiveState): void => {
    clearTimeout(timer);
    const old = connection;
    connection = undefined;
    old?.abort();
    liveState.value = state;
  };
  const connectLater = (looked: boolean): void => {
    connection = undefined;
    if (!wanted()) return;
    if (looked) {
      timer = setTimeout(connect, LOOK_EVERY_MS - LOOK_MS);
      return;
    }
    // Spread, so that a server that is back is not met by all tabs at once.
    const spreadMs = waitMs * (0.75 + Math.random() / 4);
    liveState.value = { state: 'reconnecting', at: Date.now() + spreadMs };
    timer = setTimeout(connect, spreadMs);
    waitMs = Math.min(waitMs * 1.6, LAST_WAIT_MS);
  };
  const adjust = (): void => {
    if (wanted()) {
      if (connection === undefined) connect();
    } else disconnect(paused.value ? { state: 'paused' } : { state: 'off' });
  };

  let hiding: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = (): void => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(() => {
        hiddenLong = true;
        adjust();
      }, HIDDEN_MS);
    } else {
      hiddenLong = false;
      adjust();
    }
  };
  document.addEventListener('visibilitychange', onVisibility);
  const onOnline = (): void => {
    if (wanted() && liveState.value.state === 'reconnecting') connect();
  };
  addEventListener('online', onOnline);
  // A line that is known to be gone is not waited for.
  const onOffline = (): void => connection?.abort();
  addEventListener('offline', onOffline);
  const stopPause = paused.subscribe(adjust);
  let sessionState = session.value.state;
  const stopSession = session.subscribe(({ state }) => {
    if (state === sessionState) return;
    sessionState = state;
    adjust();
  });

  return () => {
    stopped = true;
    clearTimeout(hiding);
    document.removeEventListener('visibilitychange', onVisibility);
    removeEventListener('online', onOnline);
    removeEventListener('offline', onOffline);
    stopPause();
    stopSession();
    disconnect({ state: 'off' });
  };
}
