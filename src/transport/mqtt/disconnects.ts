import type { DeviceCommand } from '../../actors/device/commands.js';
import type { DisconnectReason } from '../../actors/device/events.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { EntityDirectory } from '../../actors/kernel/ports/entities.js';
import type { DeviceSession } from './connection.js';

const RETRY_MS = 2_000;

/** Journals the ends of sessions, again and again while Postgres is away. */
export interface Disconnects {
  record(session: DeviceSession, reason: DisconnectReason): void;
  /** Resolves when all are journaled; after `stop` nothing is tried again. */
  stop(): Promise<void>;
}

export function createDisconnects(devices: EntityDirectory<DeviceCommand, DeviceState>): Disconnects {
  const open = new Set<Promise<void>>();
  const sleeping = new Set<() => void>();
  let isStopping = false;

  /** The actor ignores epochs that are not current, so a late repeat does no harm. */
  async function journal({ stream, sessionEpoch, origin }: DeviceSession, reason: DisconnectReason): Promise<void> {
    for (;;) {
      const outcome = await devices.request(stream, { type: 'DisconnectDevice', sessionEpoch, reason }, origin);
      if (outcome.kind !== 'failed' || isStopping) return;
      await pause();
    }
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
    record(session, reason) {
      const task = journal(session, reason).finally(() => open.delete(task));
      open.add(task);
    },
    async stop() {
      isStopping = true;
      for (const wake of sleeping) wake();
      await Promise.all(open);
    },
  };
}
