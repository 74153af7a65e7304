import type { DeviceIndex } from '../kernel/ports/device-index.js';
import type { EntityDirectory, Origin } from '../kernel/ports/entities.js';
import type { Journal } from '../kernel/ports/journal.js';
import type { Logger } from '../kernel/ports/surroundings.js';
import type { NodeLease } from '../kernel/ports/nodes.js';
import type { DeviceCommand } from './commands.js';
import { deviceStream } from './events.js';
import type { DeviceState } from './state.js';

const PAGE = 100;
/** How long the index may take to read what the killed process had journaled. */
const INDEX_MS = 60_000;

/**
 * Ends, in the journal, the sessions that dead nodes have left open (`SERVER_LOST`): at start those of earlier lives of this
 * node, later those of others whose lease has run out. What another node holds is its own. A device that is connected or
 * connecting here again is passed over: its new session has ended the old one. Runs beside everything else and a page at a
 * time; what it does not reach before a stop, the next start does.
 */
export function closeLostSessions(options: {
  readonly index: Pick<DeviceIndex, 'lost' | 'caughtUp'>;
  readonly lease: NodeLease;
  readonly journal: Pick<Journal, 'shards' | 'headOf'>;
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  /** Whether a connection of this device is live or being admitted here. */
  readonly attends: (tenant: string, device: string) => boolean;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { index, journal, devices, attends, logger } = options;
  let stopped = false;

  async function close(): Promise<void> {
    const heads = Array.from({ length: journal.shards }, (_, shard) => ({ shard, head: journal.headOf(shard) }));
    await Promise.all(heads.map(({ shard, head }) => index.caughtUp(shard, head, INDEX_MS)));
    let closed = 0;
    for (let last = { tenant: '', device: '' }; !stopped;) {
      const page = await index.lost(last.tenant, last.device, PAGE);
      const final = page.at(-1);
      if (final === undefined) break;
      const lost = page.filter(({ tenant, device }) => !attends(tenant, device));
      await Promise.all(
        lost.map(({ tenant, device, sessionEpoch }) =>
          devices.request(
            deviceStream(tenant, device),
            { type: 'DisconnectDevice', sessionEpoch, reason: 'SERVER_LOST' },
            originOf(tenant),
          ),
        ),
      );
      closed += lost.length;
      last = final;
    }
    if (closed > 0) logger.info({ component: 'lost-sessions', closed }, 'sessions of dead nodes were closed');
  }

  let closing = Promise.resolve();
  const closeNext = (): void => {
    closing = closing
      .then(close)
      .catch((error: unknown) =>
        logger.warn(
          { component: 'lost-sessions', err: error },
          'sessions of dead nodes stay open until the next start',
        ),
      );
  };
  closeNext();
  options.lease.onLapse(closeNext);
  return {
    async stop() {
      stopped = true;
      await closing;
    },
  };
}

const originOf = (tenant: string): Origin => ({ tenant, principal: 'system/lost-sessions' });
