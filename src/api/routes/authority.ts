import type {
  CertificateRecord,
  CertificateState,
  ConnectionHistory,
} from '../../actors/kernel/ports/connection-history.js';
import type { CertificateAuthority } from '../../actors/kernel/ports/certificates.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { sendJson, type Handlers } from '../call.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../request/cursor.js';
import { sendPage } from '../request/page.js';
import { formatRfc3339 } from '../request/rfc3339.js';

interface AuthorityRouteOptions {
  readonly authority: CertificateAuthority;
  readonly connections: Pick<ConnectionHistory, 'certificates' | 'countCertificates'>;
  readonly clock: Clock;
}

interface CertificateParameters {
  readonly state?: CertificateState;
  readonly device?: string;
  readonly expiresWithin?: number;
  readonly limit: number;
  readonly cursor?: string;
  readonly count?: 'estimate';
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** `/certificates` and `/system/authority`. */
export function authorityHandlers({ authority, connections, clock }: AuthorityRouteOptions): Handlers {
  return {
    async listAllCertificates(call) {
      const { state, device, expiresWithin, limit, cursor, count } = call.parameters as CertificateParameters;
      const { tenant } = call.access;
      const now = clock.now();
      const binding = ['certificates', tenant, state ?? null, device ?? null, expiresWithin ?? null];
      const notAfterUntil = expiresWithin === undefined ? undefined : now + expiresWithin * DAY_MS;
      const wanted = { tenant, now, state, device, notAfterUntil };
      const found = await connections.certificates({
        ...wanted,
        limit: limit + 1,
        after: cursor === undefined ? undefined : readPlace(decodeCursor(binding, cursor)),
      });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next =
        found.length > limit && last !== undefined
          ? encodeCursor(binding, { notAfter: last.notAfter, fingerprint: last.fingerprint } satisfies Place)
          : null;
      const estimate = count === undefined ? {} : { estimate: await connections.countCertificates(wanted) };
      sendPage(call, items.map(certificateRecordJson), { next, ...estimate });
    },

    getAuthority(call) {
      const { subject, fingerprint, notBefore, notAfter } = authority;
      sendJson(call, 200, {
        subject,
        fingerprint,
        notBefore: formatRfc3339(notBefore),
        notAfter: formatRfc3339(notAfter),
        certificate: '/ca.pem',
        // Revocations act on connections at once; a list of them for others is not issued.
        crl: null,
      });
    },
  };
}

interface Place {
  readonly notAfter: number;
  readonly fingerprint: string;
}

function readPlace(place: unknown): Place {
  const { notAfter, fingerprint } = (place ?? {}) as Partial<Place>;
  if (!Number.isSafeInteger(notAfter) || typeof fingerprint !== 'string') refuseCursor();
  return { notAfter: notAfter as number, fingerprint };
}

/** Schema `CertificateEntry`. */
function certificateRecordJson({ issuedAt, notAfter, revokedAt, lastUsedAt, ...rest }: CertificateRecord): object {
  const orNull = (time: number | null): string | null => (time === null ? null : formatRfc3339(time));
  return {
    ...rest,
    issuedAt: formatRfc3339(issuedAt),
    notAfter: formatRfc3339(notAfter),
    revokedAt: orNull(revokedAt),
    lastUsedAt: orNull(lastUsedAt),
  };
}
