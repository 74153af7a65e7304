/** Streams that all tabs of a browser hold open together: it has six connections per host, and pages need some too. */
const SLOTS = 4;

/**
 * Takes one of the streams that the tabs share.
 * @returns gives it back; `undefined` = other tabs have them all
 */
export async function takeStreamSlot(): Promise<(() => void) | undefined> {
  const { locks } = navigator as { locks?: LockManager };
  // Exists in secure contexts only. Without it nobody counts, and tabs beyond the sixth wait for a connection.
  if (locks === undefined) return () => undefined;
  for (let slot = 0; slot < SLOTS; slot++) {
    const release = await tryLock(locks, `fleetlog-stream-${slot}`);
    if (release !== undefined) return release;
  }
  return undefined;
}

/** The browser frees the lock of a tab that is closed. */
function tryLock(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock !== null) return new Promise<void>((release) => resolve(release));
        resolve(undefined);
        return undefined;
      })
      .catch(reject);
  });
}
