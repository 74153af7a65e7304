import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import supertest from 'supertest';
import { createDeviceDirectory } from '../../../src/actors/device/device-actor.js';
import { deviceStream } from '../../../src/actors/device/events.js';
import type { ConnectionHistory } from '../../../src/actors/kernel/ports/connection-history.js';
import { FleetlogError } from '../../../src/actors/kernel/errors.js';
import type { AuditLog, CredentialUses, PasswordVerifiers } from '../../../src/actors/kernel/ports/access.js';
import type { CertificateAuthority, IssuedCertificate } from '../../../src/actors/kernel/ports/certificates.js';
import {
  STILL_THERE,
  type DeviceIndex,
  type DeviceSort,
  type DeviceSummary,
} from '../../../src/actors/kernel/ports/device-index.js';
import type { EntityDirectory } from '../../../src/actors/kernel/ports/entities.js';
import type { EncodedEvent, RecordedEvent, Subscriber } from '../../../src/actors/kernel/ports/journal.js';
import type { Clock } from '../../../src/actors/kernel/ports/surroundings.js';
import { parseStreamKey } from '../../../src/actors/kernel/stream-key.js';
import { startSubscription } from '../../../src/actors/kernel/subscription.js';
import { createTenantDirectory } from '../../../src/actors/tenant/tenant-actor.js';
import type { DeviceState } from '../../../src/actors/device/state.js';
import { startAccess, type RunningAccess } from '../../../src/api/access/access.js';
import { createPasswords, type Passwords } from '../../../src/api/access/passwords.js';
import {
  createApi,
  startHttp,
  type SlowSenderLimits,
  type Api,
  type ApiOptions,
  type HttpServer,
} from '../../../src/api/http.js';
import { isAudited } from '../../../src/persistence/projections/audited-event.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../support/fake-ports.js';
import { createMemoryIdempotency } from '../../support/memory-idempotency.js';
import { createScannedTelemetry } from '../../support/scanned-telemetry.js';
import { createMemoryJournal, type MemoryJournal } from '../../support/memory-journal.js';

export const ADMIN_TOKEN = 'admin-token-for-tests-0123456789abcdef';
/** That of the contract's examples. */
export const PASSWORD = 'plum-otter-392-vale-fern';
/** The real scrypt with a cost that tests can pay a thousand times; `passwords.unit.test.ts` pays the real one. */
const QUICK_PASSWORDS = createPasswords(4);
export const CSR = '-----BEGIN CERTIFICATE REQUEST-----\nMIH\n-----END CERTIFICATE REQUEST-----\n';

/** The real API over the real entities, on a journal in memory. */
export interface ApiUnderTest {
  readonly api: Api;
  readonly server: HttpServer;
  readonly url: string;
  readonly access: RunningAccess;
  readonly memory: MemoryJournal;
  readonly logger: ReturnType<typeof createSilentLogger>;
  readonly meter: ReturnType<typeof createMemoryMeter>;
  /** As the administrator from the environment. */
  readonly admin: Caller;
  as(token: string | undefined, headers?: Readonly<Record<string, string>>): Caller;
  /** Creates an API token and answers it. */
  issueToken(role: string, tenant?: string): Promise<{ readonly id: string; readonly token: string }>;
  /** Makes a user and signs in. @returns the value of the header `Cookie` */
  signIn(name: string, role: string, tenant?: string): Promise<string>;
  /** As a page of this server with a session. */
  asPage(cookie: string, headers?: Readonly<Record<string, string>>): Caller;
  /** Journals an event as a device would have caused it. */
  /** @param causationId what has caused the event directly */
  record(stream: string, type: string, payload?: object, causationId?: string): Promise<RecordedEvent>;
  stop(): Promise<void>;
}

export interface Caller {
  get(path: string): supertest.Test;
  delete(path: string, body?: object): supertest.Test;
  post(path: string, body?: object): supertest.Test;
  patch(path: string, body: object): supertest.Test;
}

/** Where the entities of the API keep their events. */
export interface Storage extends Pick<MemoryJournal, 'journal' | 'snapshots' | 'incomingIds'> {
  /** @default a list made by asking every device */
  readonly deviceIndex?: DeviceIndex;
  /** @default one that knows of no connection */
  readonly connections?: ConnectionHistory;
  /** @default a list made by looking at every event */
  readonly audit?: AuditLog;
  /** @default kept in memory */
  readonly verifiers?: PasswordVerifiers;
  readonly uses?: CredentialUses;
}

/** @param options.tokenLagMs how long the index of API tokens is behind the journal */
export async function startApiUnderTest(
  options: Partial<ApiOptions> & {
    readonly storage?: Storage;
    /** The journal in memory to show, where a test has made it. */
    readonly memory?: MemoryJournal;
    readonly tokenLagMs?: number;
    readonly passwords?: Passwords;
    readonly slowSenders?: SlowSenderLimits;
  } = {},
): Promise<ApiUnderTest> {
  const {
    storage,
    memory = createMemoryJournal(),
    tokenLagMs = 0,
    passwords = QUICK_PASSWORDS,
    slowSenders,
    ...overrides
  } = options;
  const logger = createSilentLogger();
  const meter = createMemoryMeter();
  const clock = overrides.clock ?? realClock;
  const { journal, snapshots, incomingIds } = storage ?? memory;
  const ports = { journal, snapshots, incomingIds, clock, logger, meter };
  const devices = createDeviceDirectory(ports);
  const tenants = createTenantDirectory(ports);
  const access = await startAccess({
    tenants,
    journal,
    snapshots,
    ...createMemoryAccessStores(),
    ...(storage?.verifiers && { verifiers: storage.verifiers }),
    ...(storage?.uses && { uses: storage.uses }),
    clock,
    logger,
    passwords,
  });
  const { registry } = access;
  const lagging: Subscriber = {
    name: registry.name,
    checkpoint: (shard) => registry.checkpoint(shard),
    async handle(shard, events) {
      await sleep(tokenLagMs);
      await registry.handle(shard, events);
    },
  };
  const subscription = startSubscription({
    subscriber: tokenLagMs === 0 ? registry : lagging,
    journal,
    clock,
    logger,
    meter,
  });
  const api = createApi({
    devices,
    access,
    audit: storage?.audit ?? createScanningAudit(memory),
    connections: storage?.connections ?? NO_CONNECTIONS,
    deviceIndex: storage?.deviceIndex ?? createScanningIndex(memory, devices),
    idempotency: createMemoryIdempotency(),
    telemetry: createScannedTelemetry(() => memory.rows.flat(), deviceStream),
    journal,
    authority: createFakeAuthority(clock),
    overloaded: () => false,
    adminTokenSha256: createHash('sha256').update(ADMIN_TOKEN).digest('hex'),
    status: () => ({
      version: '0.0.0-test',
      parts: { journal: { state: 'ok' } },
      waiting: {
        commitGate: { publishes: 0, bytes: 0, oldestSeconds: 0, full: false },
        journal: { appends: 0, events: 0, bytes: 0 },
        devices: { active: 0, recovering: 0, recoveriesWaiting: 0, asks: 0 },
        connections: { open: 0, unread: {} },
      },
      recovering: null,
      shards: [{ shard: 0, head: 1, relayed: 1, lagEvents: 0, lagSeconds: 0 }],
      relay: { state: 'off', topic: 'fleetlog.events' },
      subscriptions: [subscription.status()],
      quarantined: [],
      storage: { postgres: '16.4', schema: 6, latencySeconds: 0.001 },
      mqtt: { host: 'fleetlog.example', mqttsPort: 8883, plainPort: null },
    }),
    activity: {
      read: () => ({
        ...{ events: [0, 3], connects: [0, 1], commitGate: null },
        ...{ rejections: [], takenOver: [], disconnections: [] },
      }),
      ofDevice: () => ({ rejections: undefined, takenOver: undefined }),
    },
    refusedConnects: { of: () => undefined, recent: () => [] },
    verifyRelay: () =>
      Promise.resolve({
        records: 1,
        gaps: 0,
        duplicates: 0,
        inversions: 0,
        differences: 0,
        upTo: { 0: 1 },
        first: null,
      }),
    ready: () => ({ ready: true, parts: { journal: { state: 'ok' } } }),
    metrics: () => Promise.resolve('fleetlog_test 1\n'),
    loopback: true,
    publicHosts: ['127.0.0.1'],
    trustedProxies: [],
    mqtts: { host: 'fleetlog.example', port: 8883 },
    clock,
    randomBytes,
    logger,
    meter,
    ...overrides,
  });
  const server = await startHttp({ api, host: '127.0.0.1', port: 0, randomBytes, ...(slowSenders && { slowSenders }) });
  const url = `http://127.0.0.1:${server.port}`;

  const as = (token: string | undefined, headers: Readonly<Record<string, string>> = {}): Caller => {
    const prepare = (test: supertest.Test): supertest.Test =>
      test.set({ ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...headers });
    return {
      get: (path) => prepare(supertest(url).get(path)),
      delete: (path, body) => prepare(supertest(url).delete(path)).send(body),
      post: (path, body) => prepare(supertest(url).post(path)).send(body),
      patch: (path, body) =>
        prepare(supertest(url).patch(path)).type('application/merge-patch+json').send(JSON.stringify(body)),
    };
  };
  const admin = as(ADMIN_TOKEN);

  return {
    api,
    server,
    url,
    access,
    memory,
    logger,
    meter,
    admin,
    as,
    async issueToken(role, tenant = 'default') {
      const response = await as(ADMIN_TOKEN, { 'Fleetlog-Tenant': tenant }).post('/api/v1/tokens', { role });
      return response.body;
    },
    async signIn(name, role, tenant = 'default') {
      const maker = as(ADMIN_TOKEN, { 'Fleetlog-Tenant': tenant });
      await maker.post('/api/v1/users', { name, role, password: PASSWORD });
      const account = tenant === 'default' ? name : `${tenant}/${name}`;
      const answer = await as(undefined).post('/api/v1/sessions', { name: account, password: PASSWORD });
      return answer.get('Set-Cookie')?.[0]?.split(';')[0] ?? '';
    },
    asPage: (cookie, headers = {}) => as(undefined, { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin', ...headers }),
    async record(stream, type, payload = {}, causationId) {
      const firstSequence = memory.stream(stream).length + 1;
      const epoch = journal.epochOf(journal.shardOf(stream));
      await journal.append({ stream, epoch, firstSequence, events: [encodedEvent(type, payload, causationId)] });
      return memory.stream(stream).at(-1)!;
    },
    async stop() {
      await server.stop();
      await access.stop();
      await subscription.stop();
      await Promise.all([devices.stop(), tenants.stop()]);
    },
  };
}

/** Knows no times and places: how Postgres narrows is the concern of the projection's tests. */
function createScanningAudit(memory: MemoryJournal): AuditLog {
  const previousOf = ({ stream, sequence, type }: RecordedEvent): Buffer | undefined =>
    type !== 'DeviceUpdated'
      ? undefined
      : memory
          .stream(stream)
          .findLast((one) => one.sequence < sequence && ['DeviceRegistered', 'DeviceUpdated'].includes(one.type))
          ?.payload;
  return {
    list: ({ tenant, stream, types, limit }) =>
      Promise.resolve(
        memory.rows
          .flat()
          .filter((event) => parseStreamKey(event.stream).tenant === tenant && isAudited(event))
          .filter((event) => (stream ?? event.stream) === event.stream && (types?.includes(event.type) ?? true))
          .sort((one, other) => other.recordedAt - one.recordedAt || other.position - one.position)
          .slice(0, limit)
          .map((event) => ({ event, previous: previousOf(event) })),
      ),
  };
}

/** Connections and credentials are looked for in Postgres: the concern of the projection's tests. */
const NO_CONNECTIONS: ConnectionHistory = {
  list: () => Promise.resolve([]),
  connectedMs: () => Promise.resolve(0),
  certificates: () => Promise.resolve([]),
  countCertificates: () => Promise.resolve(0),
  supersededSince: () => Promise.resolve([]),
  expiringUntold: () => Promise.resolve([]),
  lastUses: () => Promise.resolve(new Map()),
  caughtUp: () => Promise.resolve(),
};

/** What Postgres keeps beside the journal. */
function createMemoryAccessStores(): {
  readonly verifiers: PasswordVerifiers & { readonly rows: Map<string, string> };
  readonly uses: CredentialUses;
} {
  const rows = new Map<string, string>();
  return {
    verifiers: {
      rows,
      store: (tenant, _user, sha256, verifier) => Promise.resolve(void rows.set(`${tenant}/${sha256}`, verifier)),
      load: (tenant, sha256) => Promise.resolve(rows.get(`${tenant}/${sha256}`)),
      discard: () => Promise.resolve(),
    },
    uses: { load: () => Promise.resolve([]), save: () => Promise.resolve() },
  };
}

function encodedEvent(type: string, payload: object, causationId: string | undefined): EncodedEvent {
  return {
    type,
    schemaVersion: 1,
    occurredAt: Date.now(),
    payload: Buffer.from(JSON.stringify(payload)),
    metadata: Buffer.from(JSON.stringify({ tenant: 'default', principal: 'device/x', causationId, hash: '00' })),
  };
}

/** Gives certificates that are texts: what X.509 is like is the concern of the real authority's tests. */
function createFakeAuthority(clock: Clock): CertificateAuthority {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const certify = (key: string): IssuedCertificate => {
    const serial = randomBytes(16).toString('hex');
    const certificate = `-----BEGIN CERTIFICATE-----\n${serial}\n-----END CERTIFICATE-----\n`;
    return {
      fingerprint: sha256(certificate),
      certificate,
      serial,
      notBefore: clock.now() - 3_600_000,
      notAfter: clock.now() + 86_400_000,
      keyType: 'EC P-256',
      publicKeySha256: key,
    };
  };
  const publicKeyOfCsr = (csr: string): Promise<string> =>
    csr.startsWith('-----BEGIN CERTIFICATE REQUEST-----')
      ? Promise.resolve(sha256(csr))
      : Promise.reject(new FleetlogError('CSR_INVALID', 'This is no CSR.', { pointer: '/csr' }));
  return {
    certificate: '-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n',
    fingerprint: sha256('authority'),
    subject: 'CN=Fleetlog CA for tests',
    notBefore: clock.now() - 86_400_000,
    notAfter: clock.now() + 86_400_000,
    publicKeyOfCsr,
    async issueFromCsr(csr) {
      const key = await publicKeyOfCsr(csr);
      await sleep(20); // as a signing thread does: requests at once overtake each other
      return certify(key);
    },
    issueWithKey: (_subject, keyType) => {
      const privateKey = `-----BEGIN PRIVATE KEY-----\n${randomBytes(16).toString('hex')}\n-----END PRIVATE KEY-----\n`;
      const issued = { ...certify(sha256(privateKey)), privateKey };
      if (keyType === 'P-256') return Promise.resolve(issued);
      const pkcs12 = { file: randomBytes(64), password: randomBytes(24).toString('base64url') };
      return Promise.resolve({ ...issued, keyType: 'RSA 2048', pkcs12 });
    },
  };
}

/** The device list by asking every device of the journal: what the projection must equal. */
function createScanningIndex(memory: MemoryJournal, devices: EntityDirectory<never, DeviceState>): DeviceIndex {
  const summary = (state: DeviceState): DeviceSummary => ({
    id: state.id,
    type: state.profile.type ?? null,
    name: state.profile.name ?? null,
    tags: state.profile.tags,
    enabled: state.enabled,
    gateway: state.profile.gateway,
    via: state.profile.via,
    connected: state.connection.connected,
    sessionEpoch: state.connection.sessionEpoch,
    connectedAt: state.connection.connectedAt,
    disconnectedAt: state.connection.disconnectedAt,
    disconnectReason: state.connection.disconnectReason,
    registeredAt: state.registeredAt,
    revision: state.revision,
  });
  const index: DeviceIndex = {
    async list({ tenant, search, sort, limit, after }) {
      const streams = new Set(memory.rows.flat().map((event) => event.stream));
      const rows: DeviceSummary[] = [];
      for (const stream of [...streams].filter((name) => name.startsWith(deviceStream(tenant, '')))) {
        const row = await devices.query(stream, (state) =>
          state.status === 'registered' ? summary(state) : undefined,
        );
        if (row !== undefined) rows.push(row);
      }
      const column = sort.replace('-', '') as DeviceSort;
      const direction = sort.startsWith('-') ? -1 : 1;
      const compare = (a: readonly unknown[], b: readonly unknown[]): number => {
        const place = a.findIndex((value, index) => value !== b[index]);
        return place < 0 ? 0 : ((a[place] as string) < (b[place] as string) ? -1 : 1) * direction;
      };
      const seen = ({ connected, disconnectedAt }: DeviceSummary): number =>
        connected ? STILL_THERE : (disconnectedAt ?? 0);
      const key = (row: DeviceSummary): readonly unknown[] => [
        column === 'lastSeen' ? seen(row) : (row[column] ?? ''),
        row.id,
      ];
      return rows
        .filter((row) => search === undefined || [row.id, row.name ?? '', ...row.tags].some((t) => t.includes(search)))
        .sort((a, b) => compare(key(a), key(b)))
        .filter((row) => after === undefined || compare(key(row), [after.value ?? '', after.id]) > 0)
        .slice(0, limit);
    },
    count: () => Promise.resolve({ total: 0, online: 0, offline: 0, neverSeen: 0, disabled: 0 }),
    registered: (tenant, ids) =>
      Promise.resolve(new Set(ids.filter((id) => memory.stream(deviceStream(tenant, id)).length > 0))),
    deviceOfToken: () => Promise.resolve(undefined),
    lost: () => Promise.resolve([]),
    countMatching: async (selection) => (await index.list({ ...selection, sort: 'id', limit: Infinity })).length,
    caughtUp: () => Promise.resolve(),
  };
  return index;
}
