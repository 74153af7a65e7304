import { get } from '../../data/client.js';

/** So many days before its end a certificate is worth a badge and a line, and the filter finds it. */
export const SOON_DAYS = 30;
const LIMIT = 250;

/** Certificates in use that end soon, the most that one page holds. */
export interface ExpiringCertificates {
  readonly devices: readonly string[];
  readonly isAll: boolean;
}

export async function readExpiring(signal: AbortSignal): Promise<ExpiringCertificates> {
  const query = { state: 'active', expiresWithin: SOON_DAYS, limit: LIMIT } as const;
  const { items, next } = await get('/api/v1/certificates', { query, signal });
  return { devices: items.map(({ device }) => device), isAll: next === null };
}
