const DAY_MS = 24 * 60 * 60 * 1000;

/** Days before the end of a certificate at which it is told, the last one first (SEC-33). */
const EXPIRY_DAYS = [1, 7, 30] as const;
export type ExpiryDays = (typeof EXPIRY_DAYS)[number];

/** A certificate's life, ms since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Which threshold a certificate has passed last, `undefined` for none or one that has ended. A threshold from before the
 * certificate's begin is none: one that is made for a day is not told the moment that it is made.
 */
export function expiryDue({ notBefore, notAfter }: Validity, now: number): ExpiryDays | undefined {
  if (notAfter <= now) return undefined;
  const passed = EXPIRY_DAYS.find((days) => notAfter - days * DAY_MS <= now);
  return passed !== undefined && notAfter - passed * DAY_MS >= notBefore ? passed : undefined;
}
