import type { RefusedConnect, RefusedConnects } from '../../actors/kernel/ports/device-index.js';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import { createRecentSeries } from '../../actors/kernel/recent-series.js';
import type { Peer } from './access.js';
import { clientIdOf } from './connection.js';
import { createKeyedBuckets } from './token-bucket.js';

const LOG_WINDOW_MS = 60_000;
const MOST_LOG_KEYS = 10_000;
/** Devices remembered whose name the authority vouches for, and as many whose name is only claimed. */
const MOST_DEVICES = 1_000;
/** Names that one address may claim at once, and per second after that: a scanner must not push the others out. */
const CLAIMS_PER_ADDRESS = 20;
const CLAIMS_PER_SECOND = 1 / 15;

/** A CONNECT, or the handshake before it, that was refused. */
export interface ConnectRefusal {
  /** Whom the credential names; absent when it names nobody, or something that is no name. */
  readonly peer: Peer | undefined;
  /** The name stands in a certificate that our authority has signed; else anybody may have written it. */
  readonly isVouched: boolean;
  readonly address: string;
  readonly code: string;
}

/** Tells why devices can't connect: in the log, and to whoever asks for the last five minutes. */
export interface RefusalNotes extends RefusedConnects {
  note(refusal: ConnectRefusal): void;
}

interface Remembered extends RefusedConnect {
  readonly tenant: string;
}

export function createRefusalNotes(logger: Logger, clock: Clock): RefusalNotes {
  const log = createRefusalLog(logger, clock);
  const vouched = createRecentSeries<Remembered>(MOST_DEVICES);
  const claimed = createRecentSeries<Remembered>(MOST_DEVICES);
  const claims = createKeyedBuckets(CLAIMS_PER_SECOND, CLAIMS_PER_ADDRESS);
  return {
    note({ peer, isVouched, address, code }) {
      log(peer, address, code);
      if (peer === undefined) return;
      const key = clientIdOf(peer);
      const series = isVouched ? vouched : claimed;
      if (!isVouched && !series.has(key) && !claims.tryTake(address, clock.monotonic())) return;
      series.note(key, clock.now(), () => ({ ...peer, address, code }));
    },
    of(tenant, device) {
      const key = clientIdOf({ tenant, device });
      const now = clock.now();
      return vouched.of(key, now) ?? claimed.of(key, now);
    },
    recent(tenant) {
      const now = clock.now();
      const certain = vouched.all(now);
      const names = new Set(certain.map(clientIdOf));
      return [...certain, ...claimed.all(now).filter((one) => !names.has(clientIdOf(one)))].filter(
        (one) => one.tenant === tenant,
      );
    },
  };
}

/** The first refusal of each device and reason at once, the others counted in the next minute's line. */
function createRefusalLog(
  logger: Logger,
  clock: Clock,
): (peer: Peer | undefined, address: string, code: string) => void {
  const seen = new Map<string, { readonly since: number; count: number }>();
  return (peer, address, code) => {
    const key = `${peer === undefined ? address : clientIdOf(peer)} ${code}`;
    const entry = seen.get(key);
    if (entry && clock.monotonic() - entry.since < LOG_WINDOW_MS) {
      entry.count += 1;
      return;
    }
    if (seen.size >= MOST_LOG_KEYS) seen.clear();
    seen.set(key, { since: clock.monotonic(), count: 0 });
    logger.info(
      { tenant: peer?.tenant, deviceId: peer?.device, address, code, repeated: entry?.count ?? 0 },
      'A connection was refused',
    );
  };
}
