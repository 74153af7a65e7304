/** A PUBLISH to be, with the message ids of its records already in it: sending it again is the same message. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string;
  /** Records in the payload. */
  readonly records: number;
}

/** What a device has measured and the platform has not acknowledged, oldest first. Bounded: old records give way. */
export interface SendBuffer {
  /** Adds a message; when there is no room the oldest that is not on its way is given up, and counted. */
  push(message: OutgoingMessage): void;
  /** The oldest message that is not on its way, now on its way; `undefined` when there is none or too many are. */
  next(): OutgoingMessage | undefined;
  /** @returns whether it was waited for: the second acknowledgement of a message changes nothing */
  acknowledge(message: OutgoingMessage): boolean;
  /** The connection is gone: everything unacknowledged is to be sent again, in the old order. */
  rewind(): void;
  /** Records that are not acknowledged. */
  records(): number;
  /** Records that were given up. */
  dropped(): number;
}

export function createSendBuffer(options: {
  readonly maxRecords: number;
  /** Bounds of what is on its way at once. */
  readonly maxMessagesOnWay: number;
  readonly maxRecordsOnWay: number;
}): SendBuffer {
  const { maxRecords, maxMessagesOnWay, maxRecordsOnWay } = options;
  // Sets keep the order of insertion; a message moves from the first to the second and back only as a whole.
  let waiting = new Set<OutgoingMessage>();
  const onWay = new Set<OutgoingMessage>();
  let records = 0;
  let recordsOnWay = 0;
  let dropped = 0;

  return {
    push(message) {
      waiting.add(message);
      records += message.records;
      for (const oldest of waiting) {
        if (records <= maxRecords || oldest === message) break;
        waiting.delete(oldest);
        records -= oldest.records;
        dropped += oldest.records;
      }
    },
    next() {
      const [message] = waiting;
      if (message === undefined || onWay.size >= maxMessagesOnWay) return undefined;
      if (onWay.size > 0 && recordsOnWay + message.records > maxRecordsOnWay) return undefined;
      waiting.delete(message);
      onWay.add(message);
      recordsOnWay += message.records;
      return message;
    },
    acknowledge(message) {
      if (!onWay.delete(message)) return false;
      recordsOnWay -= message.records;
      records -= message.records;
      return true;
    },
    rewind() {
      waiting = new Set([...onWay, ...waiting]);
      onWay.clear();
      recordsOnWay = 0;
    },
    records: () => records,
    dropped: () => dropped,
  };
}
