import type { DeviceCommand } from '../../actors/device/commands.js';
import type { DisconnectReason } from '../../actors/device/events.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { EntityDirectory, Origin, Recorded } from '../../actors/kernel/ports/entities.js';
import type { DeviceSession } from './connection.js';

/** What of a session its end needs. */
type Ending = Pick<DeviceSession, 'stream' | 'sessionEpoch' | 'origin'>;

const RETRY_MS = 2_000;

/** Journals the ends of sessions, again and again while Postgres is away. */
export interface Disconnects {
  record(session: DeviceSession, reason: DisconnectReason): void;
  /** Ends the session that a CONNECT has begun after nobody waited for it any more; not when something has come after it. */
  recordUnattended(connected: Recorded, origin: Origin): void;
  /** Resolves when all are journaled; after `stop` nothing is tried again. */
  stop(): Promise<void>;
}

export function createDisconnects(devices: EntityDirectory<DeviceCommand, DeviceState>): Disconnects {
  const open = new Set<Promise<void>>();
  const sleeping = new Set<() => void>();
  let isStopping = false;

  /** The actor ignores epochs that are not current, so a late repeat does no harm. */
  async function journal({ stream, sessionEpoch, origin }: Ending, reason: DisconnectReason): Promise<void> {
    for (;;) {
      const command = { type: 'DisconnectDevice', sessionEpoch, reason } as const;
      const outcome = await devices.request(stream, command, origin, { patient: true });
      if (outcome.kind !== 'failed' || isStopping) return;
      await pause();
    }
  }

  async function journalUnattended({ stream, sequence, count }: Recorded, origin: Origin): Promise<void> {
    const last = sequence + count - 1;
    for (;;) {
      try {
        const sessionEpoch = await devices.query(stream, ({ connection }, newest) =>
          connection.connected && newest === last ? connection.sessionEpoch : undefined,
        );
        if (sessionEpoch !== undefined) await journal({ stream, sessionEpoch, origin }, 'CONNECTION_LOST');
        return;
      } catch {
        if (isStopping) return; // the next start ends what this life has left open
        await pause();
      }
    }
  }

  function begin(work: Promise<void>): void {
    const task = work.finally(() => open.delete(task));
    open.add(task);
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        sleeping.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, RETRY_MS).unref();
      sleeping.add(wake);
    });
  }

  return {
    record: (session, reason) => begin(journal(session, reason)),
    recordUnattended: (connected, origin) => begin(journalUnattended(connected, origin)),
    async stop() {
      isStopping = true;
      for (const wake of sleeping) wake();
      await Promise.all(open);
    },
  };
}
