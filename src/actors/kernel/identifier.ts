const IDENTIFIER = /^[A-Za-z0-9_.:-]{1,128}$/;

/**
 * Names of tenants, devices and device events (SEC-03): 1 to 128 of `A-Z a-z 0-9 _ . : -`, not `.` or `..`. Such a name is
 * safe as topic level, stream key part, certificate subject and path segment. Takes `unknown`: a certificate with two common
 * names gives an array, one named `+` gives undefined.
 */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value) && value !== '.' && value !== '..';
}
