import type { Connection, DeviceSession } from './connection.js';
import type { EntryOwner, GateEntry } from './gate-entry.js';
import type { MqttLimits } from './limits.js';
import { Pubacks } from './pubacks.js';
import type { ValveReason } from './read-valve.js';
import { createTokenBucket, type TokenBucket } from './token-bucket.js';

const MINUTE_MS = 60_000;
/** Bytes taken at once from a connection that only sends refused messages, so that a chunk holds few of them. */
const SLOWED_READ_BYTES = 128;

/** What the gate does for its lanes. */
export interface LaneHost {
  /** Puts the entry into the device's inbox; `false` = full. */
  enqueue(session: DeviceSession, entry: GateEntry): boolean;
  /** Acknowledges, or ends the connection. Answers whether the lane goes on. */
  finish(lane: GateLane, entry: GateEntry): boolean;
  now(): number;
}

/**
 * The publishes of one connection in the order of their arrival. All that the device's inbox has taken stands before all that
 * it has not, so that a full inbox never changes the order; only the head is ever released (I6).
 */
export class GateLane implements EntryOwner {
  readonly entries: GateEntry[] = [];
  private heldBytes = 0;
  /** How many entries at the end the inbox has not taken. */
  untaken = 0;
  /** aedes has finished with the client. */
  ended = false;
  readonly pubacks: Pubacks;
  private readonly messages: TokenBucket;
  private readonly bytes: TokenBucket;
  private readonly timers = new Map<ValveReason, NodeJS.Timeout>();
  private refusals: number[] = [];
  private isSlowed = false;

  constructor(
    readonly connection: Connection,
    readonly session: DeviceSession,
    private readonly host: LaneHost,
    private readonly limits: MqttLimits,
  ) {
    this.pubacks = new Pubacks(connection);
    this.messages = createTokenBucket(limits.publishRate, Math.max(limits.publishBurst, limits.publishRate));
    this.bytes = createTokenBucket(limits.publishRate === 0 ? 0 : limits.bytesPerSecond, limits.bytesPerSecond);
  }

  /** Takes the mailbox slot now, or keeps the entry in its place until there is room. */
  push(entry: GateEntry): void {
    this.entries.push(entry);
    this.heldBytes += entry.bytes;
    if (this.untaken > 0 || !this.host.enqueue(this.session, entry)) this.untaken += 1;
    this.updateValve();
  }

  /** Offers what the inbox had no room for, in order. */
  offerUntaken(): void {
    while (this.untaken > 0) {
      const entry = this.entries[this.entries.length - this.untaken];
      if (!entry || !this.host.enqueue(this.session, entry)) break;
      this.untaken -= 1;
    }
    this.updateValve();
  }

  /** All finished entries at the head, in one synchronous loop: their PUBACKs leave in one write (`writeToStream.js`). */
  release(): void {
    for (let head = this.entries[0]; head?.outcome !== undefined; head = this.entries[0]) {
      this.entries.shift();
      this.heldBytes -= head.bytes;
      if (!this.host.finish(this, head)) return;
    }
    this.offerUntaken();
  }

  /** Gives up everything that waits: what is not decided yet never will be. Answers the entries. */
  abandon(): readonly GateEntry[] {
    this.untaken = 0;
    this.heldBytes = 0;
    const given = this.entries.splice(0);
    for (const entry of given) entry.abandoned = true;
    return given;
  }

  /** Charges one publish against the rates of its device; in debt, the socket is not read. */
  charge(bytes: number): void {
    const now = this.host.now();
    this.closeFor('rate', Math.max(this.messages.take(1, now), this.bytes.take(bytes, now)));
    if (!this.isSlowed) return;
    const lastRefusal = this.refusals.at(-1) ?? 0;
    if (now - lastRefusal < MINUTE_MS) this.closeFor('refusals', 1000);
    else this.setSlowed(false);
  }

  /** After too many refusals in a minute the connection is read at one message a second (SEC-48). */
  countRefusal(): void {
    const now = this.host.now();
    this.refusals.push(now);
    if (this.refusals.length > this.limits.refusalsPerMinute) this.refusals.shift();
    const first = this.refusals[0] ?? now;
    if (this.refusals.length < this.limits.refusalsPerMinute || now - first >= MINUTE_MS) return;
    this.setSlowed(true);
    this.closeFor('refusals', 1000);
  }

  stopTimers(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private setSlowed(isSlowed: boolean): void {
    this.isSlowed = isSlowed;
    this.connection.valve.limitReads(isSlowed ? SLOWED_READ_BYTES : undefined);
  }

  private updateValve(): void {
    const { valve } = this.connection;
    if (this.untaken > 0) valve.close('inbox');
    else valve.open('inbox');
    const { unacknowledged, unacknowledgedBytes } = this.limits;
    const { length } = this.entries;
    if (length >= unacknowledged || this.heldBytes >= unacknowledgedBytes) valve.close('window');
    else if (length * 2 <= unacknowledged && this.heldBytes * 2 <= unacknowledgedBytes) valve.open('window');
  }

  private closeFor(reason: ValveReason, milliseconds: number): void {
    if (milliseconds <= 0 || this.ended) return;
    this.connection.valve.close(reason);
    const before = this.timers.get(reason);
    if (before) clearTimeout(before);
    this.timers.set(
      reason,
      setTimeout(() => {
        this.timers.delete(reason);
        this.connection.valve.open(reason);
      }, milliseconds).unref(),
    );
  }
}
