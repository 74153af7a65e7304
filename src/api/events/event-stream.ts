import type { Response } from 'express';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Journal, RecordedEvent } from '../../actors/kernel/ports/journal.js';
import type { Gauge } from '../../actors/kernel/ports/surroundings.js';
import type { Access } from '../access/auth.js';
import { createEventPacer, type EventPacer } from './event-pacer.js';
import { scanJournal, type EventSelection } from './event-scan.js';
import { headPositions, type Positions } from './positions.js';
import { Refusal } from '../problem.js';

/** How a stream's events are written: as lines, or as server-sent events. */
export interface StreamFormat {
  readonly mediaType: string;
  /** Sent before the first event. */
  opening(positions: Positions): string;
  /** @param positions that a reader resumes from once it has this event; absent = its place stays where it was */
  event(event: RecordedEvent, positions: Positions | undefined): string;
  /** Tells of events that the reader's pace has left out; `''` = this format has no such thing. */
  skipped(count: number): string;
  /** Sent when nothing else was for a while; `''` = this format has no such thing. */
  heartbeat(positions: Positions): string;
}

export interface StreamRequest {
  readonly response: Response;
  readonly access: Access;
  readonly format: StreamFormat;
  readonly selection: EventSelection;
  /** Where reading begins; moves with it. */
  readonly positions: Positions;
  /** The stream ends after so many events. */
  readonly limit: number;
  /** Go on beyond the heads at the start. */
  readonly follow: boolean;
  /** Telemetry events of a device per second; the newest ones are sent, all others left out. */
  readonly perSecond?: number;
}

export interface EventStreams {
  /**
   * Resolves when the stream has ended: its last event, the reader, its credential or the server.
   * @throws Refusal `RATE_LIMITED`, FleetlogError `OVERLOADED` before anything was sent
   */
  run(request: StreamRequest): Promise<void>;
  /** Ends all streams behind the event they are at. */
  close(): void;
}

export interface EventStreamLimits {
  /** @default 20 */
  readonly perPrincipal: number;
  /** @default 500 */
  readonly perNode: number;
  /** @default 15000 */
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is cut; it resumes where it was. @default 30000 */
  readonly stallMs: number;
}

/** Text handed to the socket at a time: with one chunk of events, all that a reader costs in memory. */
const WRITE_BYTES = 64 * 1024;

/** Runs the long answers of `/events`. Each reads the journal at its own pace: a slow reader holds back itself alone. */
export function createEventStreams(options: {
  readonly journal: Pick<Journal, 'shards' | 'shardOf' | 'follow' | 'headOf' | 'onCommit'>;
  readonly limits: EventStreamLimits;
  /** Calls back when credentials have changed; answers an unsubscribe function. */
  readonly onAccessChange: (listener: () => void) => () => void;
  readonly open: Gauge;
}): EventStreams {
  const { journal, limits, onAccessChange, open } = options;
  const running = new Set<Doorbell>();
  const perPrincipal = new Map<string, number>();
  let closed = false;

  const enter = (principal: string): void => {
    const own = perPrincipal.get(principal) ?? 0;
    if (own >= limits.perPrincipal) throw new Refusal('RATE_LIMITED', 'Too many event streams of this token.');
    if (closed) throw new FleetlogError('SHUTTING_DOWN', 'The platform is stopping.');
    if (running.size >= limits.perNode) throw new FleetlogError('OVERLOADED', 'Too many event streams.');
    perPrincipal.set(principal, own + 1);
  };
  const leave = (principal: string): void => {
    const rest = (perPrincipal.get(principal) ?? 1) - 1;
    if (rest === 0) perPrincipal.delete(principal);
    else perPrincipal.set(principal, rest);
  };

  return {
    async run(request) {
      const { tenant, origin } = request.access;
      const principal = `${tenant}/${origin.principal}`;
      enter(principal);
      const doorbell = createDoorbell();
      running.add(doorbell);
      open.set(running.size);
      const silence = journal.onCommit(doorbell.ring);
      // The commit of a revocation rings before the registry has read it: ring again when it has (SEC-75).
      const forget = onAccessChange(doorbell.ring);
      const follower = journal.follow();
      request.response.once('close', doorbell.end);
      if (request.response.destroyed) doorbell.end();
      try {
        await pump({ ...journal, readShard: follower.readShard }, limits, doorbell, request);
      } finally {
        silence();
        forget();
        follower.close();
        running.delete(doorbell);
        open.set(running.size);
        leave(principal);
      }
    },
    close() {
      closed = true;
      for (const doorbell of running) doorbell.end();
    },
  };
}

async function pump(
  journal: Pick<Journal, 'shards' | 'shardOf' | 'readShard' | 'headOf'>,
  limits: EventStreamLimits,
  doorbell: Doorbell,
  request: StreamRequest,
): Promise<void> {
  const { response, access, format, selection, positions } = request;
  const pacer = request.perSecond === undefined ? undefined : createEventPacer();
  const sendKept = async (kept: EventPacer): Promise<void> => send(pacedText(format, kept, positions));
  let left = request.limit;
  const send = (text: string): Promise<void> => write(response, text, doorbell, limits.stallMs);
  response.status(200).set({ 'Content-Type': format.mediaType, 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  await send(format.opening(positions));
  do {
    doorbell.rest();
    for await (const batch of scanJournal(journal, selection, positions, headPositions(journal))) {
      if (pacer) {
        pacer.add(batch);
        positions[batch[0]?.shard ?? 0] = batch.at(-1)?.position ?? 0;
        if (pacer.isFull()) await sendKept(pacer);
        continue;
      }
      let text = '';
      for (const event of batch) {
        if (left === 0) break;
        left -= 1;
        positions[event.shard] = event.position;
        text += format.event(event, positions);
        if (text.length < WRITE_BYTES) continue;
        await send(text);
        text = '';
      }
      await send(text);
      if (left === 0 || doorbell.ended || !access.valid()) break;
    }
    if (pacer && request.perSecond !== undefined) {
      await sendKept(pacer);
      await doorbell.endsWithin(1000 / request.perSecond);
    }
    if (!request.follow || left === 0) break;
    while (!doorbell.ended && access.valid() && !(await doorbell.wait(limits.heartbeatMs))) {
      await send(format.heartbeat(positions));
    }
  } while (!doorbell.ended && access.valid());
  if (!response.destroyed) response.end();
}

/** The last event of a piece moves the reader's place: a piece that has arrived in part is read again from its begin. */
function pacedText(format: StreamFormat, pacer: EventPacer, positions: Positions): string {
  const { events, skipped } = pacer.take();
  if (events.length === 0) return '';
  const text = events.map((event) => format.event(event, undefined)).join('');
  return text + (skipped === 0 ? '' : format.skipped(skipped)) + format.heartbeat(positions);
}

/** Writes, and waits while the reader is behind. A reader that stays behind for `stallMs` is cut. */
async function write(response: Response, text: string, doorbell: Doorbell, stallMs: number): Promise<void> {
  if (text === '' || response.destroyed || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const stall = setTimeout(() => response.destroy(), stallMs);
    const done = (): void => {
      clearTimeout(stall);
      response.off('drain', done).off('close', done);
      doorbell.offEnd(done);
      resolve();
    };
    response.once('drain', done).once('close', done);
    doorbell.onEnd(done);
  });
}

/** Wakes one stream: the journal has grown, or the stream is to end. */
interface Doorbell {
  readonly ended: boolean;
  readonly ring: () => void;
  readonly end: () => void;
  /** Forgets the rings so far: what they announced is about to be read. */
  rest(): void;
  /** @returns whether it rang or ended within `timeoutMs` */
  wait(timeoutMs: number): Promise<boolean>;
  /** Resolves when the stream ends, or after `timeoutMs`. */
  endsWithin(timeoutMs: number): Promise<void>;
  onEnd(listener: () => void): void;
  offEnd(listener: () => void): void;
}

function createDoorbell(): Doorbell {
  let rung = false;
  let ended = false;
  let wake: (() => void) | undefined;
  const endListeners = new Set<() => void>();
  return {
    get ended() {
      return ended;
    },
    ring() {
      rung = true;
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
      for (const listener of [...endListeners]) listener();
    },
    rest() {
      rung = false;
    },
    wait(timeoutMs) {
      if (rung || ended) return Promise.resolve(true);
      return new Promise((resolve) => {
        const settle = (): void => {
          clearTimeout(timer);
          wake = undefined;
          resolve(rung || ended);
        };
        const timer = setTimeout(settle, timeoutMs);
        wake = settle;
      });
    },
    endsWithin(timeoutMs) {
      if (ended) return Promise.resolve();
      return new Promise((resolve) => {
        const settle = (): void => {
          clearTimeout(timer);
          endListeners.delete(settle);
          resolve();
        };
        const timer = setTimeout(settle, timeoutMs);
        endListeners.add(settle);
      });
    },
    onEnd(listener) {
      endListeners.add(listener);
      if (ended) listener();
    },
    offEnd(listener) {
      endListeners.delete(listener);
    },
  };
}
