import type { CertificatePlace, ConnectionHistory } from '../kernel/ports/connection-history.js';
import type { EntityDirectory, Origin } from '../kernel/ports/entities.js';
import type { Clock, Logger } from '../kernel/ports/surroundings.js';
import { startRecurringCheck, type RecurringCheck } from '../kernel/recurring-check.js';
import type { DeviceCommand } from './commands.js';
import { deviceStream } from './events.js';
import type { DeviceState } from './state.js';

const CHECK_MS = 60 * 60 * 1000;
const PAGE = 100;

/**
 * Journals that certificates of devices end soon. The list is a hint that is behind; the device knows what it was told, so that
 * each threshold is told once, however often and on however many nodes one asks.
 */
export function tellExpiringCertificates(options: {
  readonly connections: Pick<ConnectionHistory, 'expiringUntold'>;
  readonly devices: Pick<EntityDirectory<DeviceCommand, DeviceState>, 'request'>;
  readonly clock: Clock;
  readonly logger: Logger;
}): RecurringCheck {
  const { connections, devices, clock } = options;
  const logger = options.logger.child({ component: 'expiry' });

  async function tellAll(isStopped: () => boolean): Promise<void> {
    const now = clock.now();
    for (let last: CertificatePlace | undefined; !isStopped();) {
      const page = await connections.expiringUntold(now, last, PAGE);
      await Promise.all(
        page.map(({ tenant, device, fingerprint }) =>
          devices.request(deviceStream(tenant, device), { type: 'TellExpiry', fingerprint }, originOf(tenant)),
        ),
      );
      last = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  return startRecurringCheck(tellAll, CHECK_MS, (error) =>
    logger.warn({ err: error }, 'Certificates that end soon could not be looked for'),
  );
}

const originOf = (tenant: string): Origin => ({ tenant, principal: 'system/expiry' });
