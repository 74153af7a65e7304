import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import { startRecurringCheck } from '../../actors/kernel/recurring-check.js';
import type { ServerCertificate } from './server-certificate.js';

const CHECK_MS = 24 * 60 * 60 * 1000;

/** The certificate of the listeners, looked at daily and renewed in time. */
export interface KeptServerCertificate {
  /** The one to serve with now. */
  readonly current: () => ServerCertificate;
  /** Called with each new one, from now on. */
  onRenewed(use: (certificate: ServerCertificate) => void): void;
  stop(): Promise<void>;
}

export async function keepServerCertificate(
  authority: { serverCertificate(): Promise<ServerCertificate> },
  logger: Logger,
): Promise<KeptServerCertificate> {
  let current = await authority.serverCertificate();
  let use: ((certificate: ServerCertificate) => void) | undefined;

  async function look(): Promise<void> {
    const found = await authority.serverCertificate();
    if (found.fingerprint === current.fingerprint) return;
    current = found;
    use?.(found);
  }

  const checks = startRecurringCheck(look, CHECK_MS, (error) =>
    logger.error({ err: error }, 'the server certificate could not be renewed'),
  );
  return { current: () => current, onRenewed: (listener) => void (use = listener), stop: () => checks.stop() };
}
