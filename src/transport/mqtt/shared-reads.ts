import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * What all sockets are read into, one after the other. Otherwise Node allocates 64 KiB for each read, shrinks them to what came,
 * and has them collected: a quarter of what it takes to receive a message and to answer it (bench `ingest`).
 */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

/** What Fleetlog uses of a socket beyond its typings (Node 20 to 24, `net.js` and `internal/stream_base_commons.js`). */
interface Reading {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
  [key: symbol]: unknown;
}

/**
 * Has a socket read into the shared buffer. Node's own option for this, `onread`, is for sockets that connect; a server gives
 * none to those that it accepts, so that what the option sets is set here.
 *
 * @param take is handed what has come, which is overwritten by the next read of any socket: it copies what it keeps. Answers how
 *   many bytes it has taken; the rest goes on to whoever reads the stream
 * @returns `false` when this is no socket, or of a Node that is made otherwise: then everything is as it was
 */
export function readShared(stream: Duplex, take: (chunk: Buffer) => number): boolean {
  if (!(stream instanceof Socket)) return false;
  const socket = stream as unknown as Reading;
  const names = Object.getOwnPropertySymbols(socket);
  const [buffer, callback, next] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
    names.find((symbol) => symbol.description === name && socket[symbol] === null),
  );
  if (buffer === undefined || callback === undefined || next === undefined || !socket._handle?.useUserBuffer)
    return false;
  socket._handle.useUserBuffer(SHARED);
  socket[buffer] = SHARED;
  socket[callback] = (bytes: number): boolean => {
    const taken = take(SHARED.subarray(0, bytes));
    return taken === bytes || stream.push(Buffer.from(SHARED.subarray(taken, bytes)));
  };
  return true;
}
