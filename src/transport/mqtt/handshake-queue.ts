import type { Socket } from 'node:net';

/** First byte of a TLS record that carries a handshake message (RFC 8446, 5.1). */
const HANDSHAKE_RECORD = 22;
const RECORD_HEADER_BYTES = 5;
/** The largest record; a ClientHello has some hundred bytes, with a ticket and a post-quantum key about 2 KiB. */
const MOST_HELLO_BYTES = RECORD_HEADER_BYTES + 16_384;
/** Our part of a handshake takes about a millisecond. After this we wait for the client alone, and others need not. */
const TURN_MS = 250;

/**
 * Lets so many TLS handshakes go on at once; the others wait. A socket gets in line with a whole ClientHello only, and leaves
 * its place to the next one when it lets us wait: whoever opens sockets and stays silent keeps nobody out (SEC-51).
 *
 * @param most handshakes at once
 * @param helloMs the time for a ClientHello, from accept
 */
export function createHandshakeQueue(most: number, helloMs: number) {
  const waiting: { readonly socket: Socket; readonly start: () => void }[] = [];
  const running = new Map<string, NodeJS.Timeout>();

  function next(): void {
    while (running.size < most) {
      const one = waiting.shift();
      if (!one) return;
      if (!one.socket.destroyed) run(one.socket, one.start);
    }
  }
  function leave(key: string): void {
    clearTimeout(running.get(key));
    if (running.delete(key)) next();
  }
  function run(socket: Socket, start: () => void): void {
    const key = keyOf(socket);
    running.set(
      key,
      setTimeout(() => leave(key), TURN_MS),
    );
    socket.once('close', () => leave(key));
    start();
  }
  return {
    /** @param socket accepted, paused, and not yet read */
    begin(socket: Socket, start: () => void): void {
      whenHelloIsThere(socket, helloMs, () => {
        if (running.size < most) run(socket, start);
        else waiting.push({ socket, start });
      });
    },
    /** The TLS socket has the same remote end as the one beneath it. */
    finished: (socket: Socket): void => leave(keyOf(socket)),
  };
}

function keyOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Reads the first record and puts it back; TLS takes what it finds there. Destroys a socket that begins otherwise. */
function whenHelloIsThere(socket: Socket, deadlineMs: number, isThere: () => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const late = setTimeout(() => socket.destroy(), deadlineMs);
  socket.once('close', () => clearTimeout(late));
  function read(): void {
    for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    }
    if (bytes.length === 0) return;
    if (bytes[0] !== HANDSHAKE_RECORD || bytes.length > MOST_HELLO_BYTES) socket.destroy();
    else if (bytes.length >= RECORD_HEADER_BYTES && bytes.length >= RECORD_HEADER_BYTES + bytes.readUInt16BE(3)) {
      clearTimeout(late);
      socket.off('readable', read);
      socket.unshift(bytes);
      isThere();
    }
  }
  socket.on('readable', read);
}
