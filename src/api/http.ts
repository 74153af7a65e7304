import { createServer, type Server } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { AuditLog } from '../actors/kernel/ports/access.js';
import type { CertificateAuthority } from '../actors/kernel/ports/certificates.js';
import type { Journal } from '../actors/kernel/ports/journal.js';
import type { Clock, Logger, Meter } from '../actors/kernel/ports/surroundings.js';
import type { AccessParts } from './access/access.js';
import type { ActivityMonitor } from './system/activity.js';
import type { IdempotencyStore } from '../actors/kernel/ports/idempotency.js';
import { createAuthenticator } from './access/auth.js';
import { createBundles } from './bundles.js';
import { loadContract } from './contract.js';
import type { Dashboard } from './dashboard-files.js';
import { createEventStreams, type EventStreamLimits } from './events/event-stream.js';
import { nameRequests, protectAnswers, refuseLongUrls, serveOnlyHosts } from './guards.js';
import { createRateLimiter, type Rate } from './request/rate-limit.js';
import { fail, mountOperations } from './router.js';
import { apiTokenHandlers } from './routes/api-tokens.js';
import { authorityHandlers } from './routes/authority.js';
import { auditHandlers } from './routes/audit.js';
import { certificateHandlers } from './routes/certificates.js';
import { connectionHandlers } from './routes/connections.js';
import { deviceEventHandlers } from './routes/device-events.js';
import { deviceTokenHandlers } from './routes/device-tokens.js';
import { deviceHandlers, type DevicesRouteOptions } from './routes/devices.js';
import { docsHandlers } from './routes/docs.js';
import { eventHandlers } from './routes/events.js';
import { publicHandlers, type PublicRouteOptions, type Readiness } from './routes/public.js';
import { sessionHandlers, signInHandlers } from './routes/sessions.js';
import { systemHandlers, type SystemRouteOptions } from './routes/system.js';
import { telemetryHandlers, type TelemetryRouteOptions } from './routes/telemetry.js';
import { userHandlers } from './routes/users.js';
import { answerUnreadable } from './unreadable-requests.js';
import { createSessionCookie } from './access/session-cookie.js';
import { createSignInLimits } from './access/sign-in-limits.js';

/** Bounds of the HTTP side (security.md §1). */
export interface ApiLimits {
  /** @default 100/s, burst 400 */
  readonly perToken: Rate;
  /** Requests without a good token. @default 10/s, burst 40 */
  readonly perAddress: Rate;
  readonly streams: EventStreamLimits;
}

const DEFAULT_API_LIMITS: ApiLimits = {
  perToken: { perSecond: 100, burst: 400 },
  perAddress: { perSecond: 10, burst: 40 },
  streams: { perPrincipal: 20, perNode: 500, heartbeatMs: 15_000, stallMs: 30_000 },
};

export interface ApiOptions
  extends
    Omit<DevicesRouteOptions, 'journal' | 'activity'>,
    Omit<SystemRouteOptions, 'activity'>,
    Pick<TelemetryRouteOptions, 'telemetry'>,
    Pick<PublicRouteOptions, 'ready' | 'metrics' | 'loopback'> {
  readonly access: AccessParts;
  /** What has happened lately on this node. */
  readonly activity: Pick<ActivityMonitor, 'read' | 'ofDevice'>;
  readonly audit: AuditLog;
  readonly idempotency: IdempotencyStore;
  readonly journal: Journal;
  readonly authority: CertificateAuthority;
  /** SHA-256 of the administrator's token, hex. */
  readonly adminTokenSha256: string;
  /** Names that clients use, without ports. Others are refused on a server that listens on loopback alone (SEC-78). */
  readonly publicHosts: readonly string[];
  /** Addresses or CIDR ranges that may set `X-Forwarded-*` (SEC-12). */
  readonly trustedProxies: readonly string[];
  /** Where devices connect, for the README in a bundle. */
  readonly mqtts: { readonly host: string; readonly port: number };
  /** Absent where REST alone is served. */
  readonly dashboard?: Dashboard;
  readonly clock: Clock;
  /** `node:crypto`'s, or a predictable one in tests. */
  readonly randomBytes: (size: number) => Buffer;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Whether the node is at its bound of what may wait: writes are refused with `OVERLOADED`. */
  readonly overloaded: () => boolean;
  /** @default DEFAULT_API_LIMITS */
  readonly limits?: Partial<ApiLimits>;
}

export interface Api {
  readonly app: Express;
  /** Ends event streams behind their current event and forgets bundles. Other requests go on. */
  close(): void;
}

/** The REST interface as an express application, mounted from `openapi.yaml`. */
export function createApi(options: ApiOptions): Api {
  const { clock, meter, randomBytes } = options;
  const logger = options.logger.child({ component: 'api' });
  const limits = { ...DEFAULT_API_LIMITS, ...options.limits };
  const contract = loadContract();
  const bundles = createBundles(options.mqtts);
  const streams = createEventStreams({
    journal: options.journal,
    limits: limits.streams,
    onAccessChange: (listener) => options.access.registry.onChange(listener),
    open: meter.gauge('fleetlog_sse_clients', 'Open event streams, server-sent events and lines.'),
  });

  const sessions = {
    ...options,
    cookie: createSessionCookie(options.loopback),
    limits: createSignInLimits(clock),
  };

  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('query parser', 'simple')
    .set('trust proxy', [...options.trustedProxies]);
  app.enable('strict routing').enable('case sensitive routing');
  app.use(nameRequests(randomBytes), protectAnswers(), refuseLongUrls());
  if (options.loopback) app.use(serveOnlyHosts(options.publicHosts));
  if (options.dashboard) app.use(options.dashboard.handle);

  mountOperations({
    app,
    contract,
    handlers: {
      ...deviceHandlers(options),
      ...certificateHandlers({ ...options, bundles }),
      ...authorityHandlers(options),
      ...connectionHandlers(options),
      ...deviceTokenHandlers(options),
      ...deviceEventHandlers(options),
      ...telemetryHandlers(options),
      ...eventHandlers({ ...options, streams }),
      ...apiTokenHandlers(options),
      ...userHandlers(options),
      ...auditHandlers(options),
      ...sessionHandlers(sessions),
      ...systemHandlers(options),
    },
    publicHandlers: {
      ...publicHandlers({
        ...options,
        ready: () => readyWithAccess(options),
        authorityCertificate: options.authority.certificate,
        contract: contract.document,
      }),
      ...signInHandlers(sessions),
      ...docsHandlers(),
    },
    authenticator: createAuthenticator({ ...options, ...options.access }),
    cookie: sessions.cookie,
    idempotency: options.idempotency,
    journal: options.journal,
    tokenLimiter: createRateLimiter({ rate: limits.perToken, clock }),
    addressLimiter: createRateLimiter({ rate: limits.perAddress, clock }),
    clock,
    logger,
    journalWritable: () => options.journal.health().writable,
    overloaded: options.overloaded,
    seconds: meter.histogram(
      'fleetlog_http_seconds',
      'Time from a request to the end of its answer.',
      [0.005, 0.02, 0.1, 0.5, 2, 10],
      ['route', 'method', 'status'],
    ),
  });
  // Four parameters make it express' handler of errors: what the guards refuse, and paths that do not decode.
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else fail({ logger }, request, response, error);
  });

  return {
    app,
    close() {
      streams.close();
      bundles.close();
    },
  };
}

/** Until tokens and sessions are read, callers would be told 503 for good ones. */
async function readyWithAccess({ ready, access }: ApiOptions): Promise<Readiness> {
  const readiness = await ready();
  if (access.registry.ready()) return readiness;
  const reading = { state: 'down', reason: 'tokens and sessions are still being read' } as const;
  return { ready: false, parts: { ...readiness.parts, access: reading } };
}

export interface HttpServer {
  /** The port that it listens on. */
  readonly port: number;
  /** Ends event streams, lets running requests end, and closes what is left after two seconds. */
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 2000;
const STOP_SWEEP_MS = 25;

/** How long a request may take to come in, ms, and how often that is looked at (SEC-83). */
export interface SlowSenderLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly lookMs: number;
}
const SLOW_SENDERS: SlowSenderLimits = { headersMs: 10_000, requestMs: 30_000, lookMs: 2_000 };

/**
 * Listens. Slow senders are refused by the server's own times.
 * @param options.port 0 = a free one
 * @param options.slowSenders default: 10 s for the headers, 30 s for all of it
 * @throws as `listen`: `EADDRINUSE`, `EACCES`
 */
export async function startHttp(options: {
  readonly api: Api;
  readonly host: string;
  readonly port: number;
  readonly randomBytes: (size: number) => Buffer;
  readonly slowSenders?: SlowSenderLimits;
}): Promise<HttpServer> {
  const { api, host, port, slowSenders = SLOW_SENDERS } = options;
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: slowSenders.headersMs,
      requestTimeout: slowSenders.requestMs,
      connectionsCheckingInterval: slowSenders.lookMs,
    },
    api.app,
  );
  answerUnreadable(server, options.randomBytes);
  server.maxHeadersCount = 64;
  server.maxConnections = 2000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return { port: address.port, stop: () => stop(server, api) };
}

async function stop(server: Server, api: Api): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  api.close();
  // A kept-alive connection becomes idle when its last answer ends, which nobody announces.
  const sweep = setInterval(() => server.closeIdleConnections(), STOP_SWEEP_MS);
  const force = setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}
