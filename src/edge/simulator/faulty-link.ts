import type { Fault } from './faults.js';
import type { OutgoingMessage } from './send-buffer.js';

/** The way between a device and its connection, on which messages are lost, doubled and overtaken as `nextFault` says. */
export interface FaultyLink {
  send(message: OutgoingMessage): void;
  /** Forgets what it holds back: the connection is gone, and whoever sends will send it again. */
  clear(): void;
}

/** After this time without acknowledgement a lost message is sent again, and one that nothing overtakes goes on. */
const RETRY_MS = 1_500;

export function createFaultyLink(options: {
  readonly nextFault: () => Fault;
  readonly transmit: (message: OutgoingMessage) => void;
}): FaultyLink {
  const { nextFault, transmit } = options;
  const timers = new Map<OutgoingMessage, NodeJS.Timeout>();
  /** Waits to be overtaken. */
  let held: OutgoingMessage | undefined;

  const release = (message: OutgoingMessage): void => {
    clearTimeout(timers.get(message));
    timers.delete(message);
    if (held === message) held = undefined;
    transmit(message);
  };
  const releaseLater = (message: OutgoingMessage): void => {
    timers.set(
      message,
      setTimeout(() => release(message), RETRY_MS),
    );
  };

  return {
    send(message) {
      const fault = nextFault();
      const isOvertaken = fault === 'reorder' && held === undefined;
      if (isOvertaken) held = message;
      if (isOvertaken || fault === 'drop') {
        releaseLater(message);
        return;
      }
      transmit(message);
      if (fault === 'duplicate') transmit(message);
      if (held !== undefined) release(held);
    },
    clear() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      held = undefined;
    },
  };
}
