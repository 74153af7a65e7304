import type { Validity } from '../kernel/expiry.js';
import type { EntityDirectory } from '../kernel/ports/entities.js';
import type { Logger } from '../kernel/ports/surroundings.js';
import { startRecurringCheck, type RecurringCheck } from '../kernel/recurring-check.js';
import type { TenantCommand } from './commands.js';
import { tenantStream } from './events.js';
import type { TenantState } from './state.js';

const CHECK_MS = 60 * 60 * 1000;
/** The platform's own certificates serve all tenants; who runs the platform reads this one. */
const TENANT = 'default';

/** A certificate of the platform. */
export interface PlatformCertificate extends Validity {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
}

/**
 * Journals that the certificate of the authority or of this node's listeners ends soon, once per threshold and certificate. A
 * server certificate that ends with its authority is not told beside it: a new one would end on the same day.
 */
export function tellPlatformExpiry(options: {
  readonly tenants: Pick<EntityDirectory<TenantCommand, TenantState>, 'request'>;
  readonly authority: PlatformCertificate;
  /** The one that is in use now. */
  readonly server: () => PlatformCertificate;
  readonly logger: Logger;
}): RecurringCheck {
  const { tenants, authority, server } = options;
  const logger = options.logger.child({ component: 'expiry' });

  async function tellBoth(): Promise<void> {
    const own = server();
    const certificates = [
      { of: 'authority', ...authority } as const,
      ...(own.notAfter < authority.notAfter ? [{ of: 'server', ...own } as const] : []),
    ];
    for (const { of, fingerprint, notBefore, notAfter } of certificates) {
      const command = { type: 'TellPlatformExpiry', certificate: { of, fingerprint, notBefore, notAfter } } as const;
      await tenants.request(tenantStream(TENANT), command, { tenant: TENANT, principal: 'system/expiry' });
    }
  }

  return startRecurringCheck(tellBoth, CHECK_MS, (error) =>
    logger.warn({ err: error }, 'The end of a certificate could not be told'),
  );
}
