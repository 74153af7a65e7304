import { get } from '../../data/client.js';

/** So many days before its end a certificate is worth a badge and a line, and the filter finds it. */
export const SOON_DAYS = 30;
const NAMED = 5;

/** Certificates in use that end soon. */
export interface ExpiringCertificates {
  readonly count: number;
  /** Of those that end first. */
  readonly devices: readonly string[];
}

export async function readExpiring(signal: AbortSignal): Promise<ExpiringCertificates> {
  const query = { state: 'active', expiresWithin: SOON_DAYS, limit: NAMED, count: 'estimate' } as const;
  const { items, estimate = items.length } = await get('/api/v1/certificates', { query, signal });
  return { count: estimate, devices: items.map(({ device }) => device) };
}
