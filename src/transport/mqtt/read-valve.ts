import type { Duplex } from 'node:stream';
import type { ReadTurns, TurnTaker } from './read-turns.js';

/** Why a socket is not read: each part of the broker opens only what it has closed. */
export const VALVE_REASONS = [
  'admission',
  'inbox',
  'window',
  'node',
  'rate',
  'refusals',
  'unread',
  'stopping',
  'turn',
] as const;
export type ValveReason = (typeof VALVE_REASONS)[number];

/** Stops reading a connection, so that TCP pushes back on its sender. */
export interface ReadValve {
  isClosed(): boolean;
  isClosedBy(reason: ValveReason): boolean;
  /** Whether what has just come may be taken whole, before it is buffered. When not, it is to be buffered: it will be read. */
  admits(): boolean;
  close(reason: ValveReason): void;
  open(reason: ValveReason): void;
  /** Largest number of bytes taken at once; `undefined` = all there is. */
  limitReads(bytes: number | undefined): void;
}

/**
 * Puts a valve before `read` of a connection. aedes' own `pause` won't do: packets that finish while it lasts are not counted
 * down (`client.js`, `nextBatch`), and the socket is never read again.
 *
 * @param turns decides when there is too much to be read at once
 * @param readOn continues reading after the valve has refused a read
 */
export function createReadValve(connection: Duplex, turns: ReadTurns, readOn: () => void): ReadValve {
  // A bit per reason and no Set: each connection has a valve (bench `memory`).
  let closedBy = 0;
  let refusedRead = false;
  let largestRead: number | undefined;
  const read = connection.read.bind(connection) as (size?: number) => unknown;

  connection.read = (size?: number): unknown => {
    if (size === 0) return read(0); // Node's own way to fill the buffer, up to its high-water mark
    if (closedBy !== 0) {
      refusedRead = true;
      return null;
    }
    if (!hasTurn()) return null;
    if (largestRead === undefined || connection.readableLength <= largestRead) return read(size);
    // Half a packet emits nothing, and what is left in the buffer wakes nobody: come back for it.
    setImmediate(readOn);
    return read(largestRead);
  };

  /** Asks for a turn when it is not this connection's. */
  function hasTurn(): boolean {
    if (turns.admits(taker)) return true;
    closedBy |= TURN;
    return false;
  }

  const taker: TurnTaker = {
    takeTurn() {
      closedBy &= ~TURN;
      if (closedBy === 0) readOn();
      else refusedRead = true;
    },
  };

  return {
    isClosed: () => closedBy !== 0,
    isClosedBy: (reason) => (closedBy & bitOf(reason)) !== 0,
    admits: () => closedBy === 0 && largestRead === undefined && hasTurn(),
    close: (reason) => void (closedBy |= bitOf(reason)),
    open(reason) {
      const before = closedBy;
      closedBy &= ~bitOf(reason);
      if (closedBy === before || closedBy !== 0 || !refusedRead) return;
      refusedRead = false;
      // Not here: who opens may be in the middle of releasing what was read before.
      setImmediate(readOn);
    },
    limitReads: (bytes) => void (largestRead = bytes),
  };
}

function bitOf(reason: ValveReason): number {
  return 1 << VALVE_REASONS.indexOf(reason);
}
const TURN = bitOf('turn');
