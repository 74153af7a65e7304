import type { ConnectionHistory } from '../kernel/ports/connection-history.js';
import type { EntityDirectory, Origin } from '../kernel/ports/entities.js';
import type { Clock, Logger } from '../kernel/ports/surroundings.js';
import { startRecurringCheck, type RecurringCheck } from '../kernel/recurring-check.js';
import type { DeviceCommand } from './commands.js';
import { deviceStream } from './events.js';
import type { DeviceState } from './state.js';

/** Time that both certificates of a device are good, from the first CONNECT with the newer one (SEC-26). */
const OVERLAP_MS = 24 * 60 * 60 * 1000;
const CHECK_MS = 5 * 60 * 1000;
const PAGE = 100;

/**
 * Ends a rotation: revokes the older certificate of a device a day after the device has first connected with the newer one,
 * never before. A device that never managed to store its new certificate keeps the old one.
 */
export function revokeSuperseded(options: {
  readonly connections: Pick<ConnectionHistory, 'supersededSince'>;
  readonly devices: Pick<EntityDirectory<DeviceCommand, DeviceState>, 'request'>;
  readonly clock: Clock;
  readonly logger: Logger;
}): RecurringCheck {
  const { connections, devices, clock } = options;
  const logger = options.logger.child({ component: 'rotation' });

  async function revokeAll(): Promise<void> {
    const found = await connections.supersededSince(clock.now() - OVERLAP_MS, clock.now(), PAGE);
    for (const { tenant, device, fingerprint } of found) {
      const outcome = await devices.request(
        deviceStream(tenant, device),
        { type: 'RevokeCertificate', fingerprint, reason: 'SUPERSEDED' },
        originOf(tenant),
      );
      const fields = { tenant, deviceId: device, fingerprint };
      if (outcome.kind === 'accepted') logger.info(fields, 'A superseded certificate was revoked');
      else logger.warn({ ...fields, outcome: outcome.kind }, 'A superseded certificate is still to be revoked');
    }
  }

  return startRecurringCheck(revokeAll, CHECK_MS, (error) =>
    logger.warn({ err: error }, 'Superseded certificates could not be looked for'),
  );
}

const originOf = (tenant: string): Origin => ({ tenant, principal: 'system/rotation' });
