import type { Connection } from './connection.js';

const PUBACK = 0x40;
const PUBACK_BYTES = 4;

/** Those that have something to write, in one tick for all: a commit acknowledges hundreds of connections. */
let unwritten: Pubacks[] = [];
function flushAll(): void {
  const due = unwritten;
  unwritten = [];
  for (const pubacks of due) pubacks.flush();
}

/**
 * The PUBACKs of one connection. All that one turn of the event loop commits leave in one buffer and one system call, where
 * mqtt-packet would hand three pieces per PUBACK to `writev` (bench `ingest`).
 */
export class Pubacks {
  private messageIds: number[] = [];

  constructor(private readonly connection: Connection) {}

  add(messageId: number): void {
    if (this.messageIds.push(messageId) > 1) return;
    if (unwritten.push(this) === 1) process.nextTick(flushAll);
  }

  /** Writes what waits, before anything else is written that came later. */
  flush(): void {
    const { messageIds, connection } = this;
    if (messageIds.length === 0) return;
    this.messageIds = [];
    const { client, socket } = connection;
    if (client.closed || !socket.writable) return;
    const bytes = Buffer.allocUnsafe(messageIds.length * PUBACK_BYTES);
    let at = 0;
    for (const messageId of messageIds) {
      bytes[at] = PUBACK;
      bytes[at + 1] = 2;
      bytes[at + 2] = messageId >> 8;
      bytes[at + 3] = messageId & 0xff;
      at += PUBACK_BYTES;
    }
    if (socket.write(bytes)) return;
    // As aedes does: whoever does not take his acknowledgements sends nothing more, and is cut after a while (A4).
    connection.valve.close('unread');
    client.waitForDrain(() => connection.valve.open('unread'));
  }
}
