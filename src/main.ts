import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { deviceCodec } from './actors/device/codec.js';
import { createDeviceDirectory } from './actors/device/device-actor.js';
import { deviceStream, MESSAGE_TYPES } from './actors/device/events.js';
import { tellExpiringCertificates } from './actors/device/expiring-certificates.js';
import { closeLostSessions } from './actors/device/lost-sessions.js';
import { revokeSuperseded } from './actors/device/rotation.js';
import { FleetlogError, StartRefused } from './actors/kernel/errors.js';
import type { RecordedEvent, Subscriber } from './actors/kernel/ports/journal.js';
import type { Clock, Logger } from './actors/kernel/ports/surroundings.js';
import type { NodeName } from './actors/kernel/ports/nodes.js';
import { createRunningParts, type RunningParts } from './actors/kernel/running-parts.js';
import { watchStalls } from './actors/kernel/stall-watch.js';
import { startSubscription, type Subscription, type SubscriptionOptions } from './actors/kernel/subscription.js';
import { startRelay } from './actors/relay/relay.js';
import { tellPlatformExpiry } from './actors/tenant/platform-expiry.js';
import { createTenantDirectory } from './actors/tenant/tenant-actor.js';
import { startAccess } from './api/access/access.js';
import { watchActivity } from './api/system/activity.js';
import { firstAdminToken, writeCliAccess, writeGeneratedPassword } from './api/access/admin-token.js';
import { loadDashboard } from './api/dashboard-files.js';
import { ensureFirstAdmin, type FirstAdmin } from './api/access/first-admin.js';
import { createApi, startHttp } from './api/http.js';
import { observeDegraded, readiness, systemStatus } from './api/system/system-status.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { createLogger, createMeter } from './observability.js';
import { createCredentialUses } from './persistence/credential-uses.js';
import { openDatabase } from './persistence/database.js';
import { startEmbeddedPostgres } from './persistence/embedded-postgres.js';
import { watchExpiringCertificates } from './persistence/expiring-certificates.js';
import { createIdempotencyStore } from './persistence/idempotency-store.js';
import { createIncomingIds } from './persistence/incoming-ids.js';
import { openJournal } from './persistence/journal/postgres-journal.js';
import { migrate } from './persistence/migrate.js';
import { takeNodeLease } from './persistence/node-lease.js';
import { createPasswordVerifiers } from './persistence/password-verifiers.js';
import { createAuditLog } from './persistence/projections/audit-log.js';
import { createConnectionHistory } from './persistence/projections/connection-history.js';
import { createDeviceIndex } from './persistence/projections/device-index.js';
import { createTelemetryHistory } from './persistence/projections/telemetry-history.js';
import { createSnapshotStore } from './persistence/snapshots.js';
import { watchStorage } from './persistence/storage-state.js';
import { attachKafka, type AttachedKafka } from './transport/kafka/attached-kafka.js';
import { createTopicVerifier } from './transport/kafka/topic-verifier.js';
import { startBroker } from './transport/mqtt/broker.js';
import { openCertificateAuthority } from './transport/pki/certificate-authority.js';

/** Told to the process that started this one (`tools/`, tests) when everything is up. */
export interface ReadyMessage {
  readonly type: 'ready';
  /** Base of REST, without `/api/v1`. */
  readonly url: string;
  /** `mqtts://host:port`, `null` when that listener is off. */
  readonly mqtt: string | null;
  readonly mqttsPort: number | null;
  readonly plainPort: number | null;
  /** SHA-256 of the authority's certificate, hex. */
  readonly caFingerprint: string;
  readonly dataDir: string;
  /** The first admin's token: over this line only, and in `tokenFile`. */
  readonly token: string;
  readonly tokenFile: string;
  /** Who signs in to the dashboard; a generated password is told over this line only. */
  readonly admin: FirstAdmin;
  /** `host:port,…` of the Kafka that the relay writes to. */
  readonly kafka: string | null;
  readonly eventsTopic: string;
  readonly pids: { readonly postgres: number | null; readonly kafka: number | null };
}

const STOP_MS = 9_000;
const CERTIFICATE_CHECK_MS = 24 * 60 * 60 * 1000;
/** A Kafka that is away holds up the start no longer than this; one that is there answers sooner. */
const KAFKA_CHECK_MS = 5_000;

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

const clock: Clock = { now: Date.now, monotonic: () => performance.now() };

/** What every part is given. */
interface Surroundings {
  readonly config: Config;
  /** Absolute. */
  readonly dataDir: string;
  readonly node: NodeName;
  readonly logger: Logger;
  readonly meter: ReturnType<typeof createMeter>;
  readonly running: RunningParts;
  /** Aborted when the process is told to stop while it starts. */
  readonly stopping: AbortSignal;
}

/** Starts every part, each on those before it, and says when all are up. */
async function start(surroundings: Surroundings): Promise<ReadyMessage> {
  const { config, dataDir, running, stopping } = surroundings;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);

  // Kafka takes longest to start and nothing waits for it but the relay.
  const kafkaStart = startKafka(surroundings);
  kafkaStart.catch(() => undefined); // awaited below; a failure of Postgres comes first

  const storage = await startStorage(surroundings);
  const authority = await startAuthority(surroundings);
  const actors = startActors(surroundings, storage);
  const readers = await startReaders(surroundings, storage, actors);

  const kafka = await kafkaStart;
  stopping.throwIfAborted();
  const relay = await startTheRelay(surroundings, kafka, storage);

  const edge = await startMqtt(surroundings, { ...storage, ...actors, ...readers, authority });
  const doors = await startDoors(surroundings, { ...storage, ...actors, ...readers, ...edge, authority, relay });

  const { deviceIndex, connections } = readers;
  running.add(
    'lost sessions',
    closeLostSessions({
      index: deviceIndex.index,
      lease: storage.lease,
      journal: storage.journal,
      devices: actors.devices,
      attends: (tenant, device) => edge.broker.attends(tenant, device),
      logger: surroundings.logger,
    }),
  );
  const rotation = { connections: connections.history, devices: actors.devices, clock, logger: surroundings.logger };
  running.add('rotation', revokeSuperseded(rotation));
  running.add('expiry of devices', tellExpiringCertificates(rotation));
  const platform = { authority, server: edge.serverCertificate, tenants: actors.tenants };
  running.add('expiry of the platform', tellPlatformExpiry({ ...platform, clock, logger: surroundings.logger }));
  return {
    type: 'ready',
    ...doors,
    caFingerprint: authority.fingerprint,
    dataDir,
    kafka: kafka?.brokers.join(',') ?? null,
    eventsTopic: config.kafka.eventsTopic,
    pids: { postgres: storage.postgresPid, kafka: kafka?.pid ?? null },
  };
}

async function startStorage(surroundings: Surroundings) {
  const { config, node, logger, meter, running, stopping } = surroundings;
  const postgres = await startPostgres(surroundings);
  stopping.throwIfAborted();
  const database = running.add('database', await openDatabase({ url: postgres.url, log: logger }));
  await migrate(database, logger);
  const journal = await openJournal({ database, clock, log: logger, meter, shards: config.shards });
  running.add('journal', journal);
  const state = running.add('storage', watchStorage({ database, clock, meter }));
  const lease = running.add('node lease', await takeNodeLease({ database, node, clock, logger }));
  step('end', postgres.title);
  return {
    ...{ database, journal, lease, storage: state, snapshots: createSnapshotStore(database) },
    postgresPid: postgres.pid,
  };
}
type Storage = Awaited<ReturnType<typeof startStorage>>;

async function startPostgres({
  config,
  dataDir,
  logger,
  running,
}: Surroundings): Promise<{ url: string; pid: number | null; title: string }> {
  if (config.databaseUrl !== undefined) {
    step('begin', 'Postgres');
    return { url: config.databaseUrl, pid: null, title: 'Postgres' };
  }
  const folder = join(dataDir, 'postgres');
  const title = `Postgres (embedded, ${relative(process.cwd(), folder) || folder})`;
  step('begin', title);
  const onExit = (reason: string): void =>
    logger.error({ reason }, 'the embedded Postgres ended; devices are held until it is back');
  const starting = startEmbeddedPostgres({ dataDir: folder, log: logger, onExit });
  running.addStarting('Postgres', starting);
  const postgres = await starting;
  return { url: postgres.url, pid: postgres.pid, title };
}

async function startAuthority({ config, dataDir, logger, running }: Surroundings) {
  step('begin', 'certificate authority');
  const { caPassphrase: passphrase, publicHosts } = config;
  const authority = await openCertificateAuthority({ dataDir, passphrase, clock, logger, publicHosts });
  step('end', 'certificate authority');
  return running.add('certificate authority', authority);
}
type Authority = Awaited<ReturnType<typeof startAuthority>>;

function startActors({ logger, meter, running }: Surroundings, { database, journal, snapshots }: Storage) {
  const ports = { journal, snapshots, incomingIds: createIncomingIds(database), clock, logger, meter };
  return {
    devices: running.add('devices', createDeviceDirectory(ports)),
    tenants: running.add('tenants', createTenantDirectory(ports)),
  };
}
type Actors = ReturnType<typeof startActors>;

/** What is read out of the journal: projections, and who may do what. */
async function startReaders(surroundings: Surroundings, storage: Storage, { tenants }: Actors) {
  const { logger, running } = surroundings;
  const { database, journal, snapshots } = storage;
  const decode = ({ type, schemaVersion, payload, occurredAt }: RecordedEvent) =>
    deviceCodec.decode(type, schemaVersion, payload, occurredAt);
  const deviceIndex = createDeviceIndex({ database, decode });
  const connections = createConnectionHistory({ database, decode });
  running.add('expiring certificates', watchExpiringCertificates(database, surroundings.meter));
  const telemetry = createTelemetryHistory({ database, journal, decode, streamOf: deviceStream });
  running.add('telemetry', telemetry);
  const verifiers = createPasswordVerifiers(database);
  const uses = createCredentialUses(database);
  const access = await startAccess({ tenants, journal, snapshots, verifiers, uses, clock, logger });
  running.add('access', access);
  const audit = createAuditLog(database);
  const followers = [deviceIndex.subscriber, connections.subscriber, audit.subscriber, access.registry];
  const subscriptions = [
    ...followers.map((subscriber) => subscribe(surroundings, storage, subscriber, { ignores: MESSAGE_TYPES })),
    subscribe(surroundings, storage, telemetry.subscriber),
  ];
  return { deviceIndex, connections, telemetry, access, audit, subscriptions };
}
type Readers = Awaited<ReturnType<typeof startReaders>>;

function subscribe(
  { logger, meter, running }: Surroundings,
  { journal }: Pick<Storage, 'journal'>,
  subscriber: Subscriber,
  more: Pick<SubscriptionOptions, 'from' | 'ignores'> = {},
): Subscription {
  const subscription = startSubscription({ subscriber, journal, clock, logger, meter, ...more });
  return running.add(`subscription ${subscriber.name}`, subscription);
}

function startKafka({ config, dataDir, logger, running, stopping: signal }: Surroundings) {
  // It stops last: everything that is started meanwhile ends before it.
  const onStarting: Parameters<typeof attachKafka>[1]['onStarting'] = (broker) =>
    running.addStarting('Kafka', broker, 'last');
  return attachKafka(config.kafka, { dataDir, shards: config.shards, clock, logger, signal, onStarting });
}

async function startTheRelay(
  { config, logger, meter, running }: Surroundings,
  kafka: AttachedKafka | undefined,
  { journal }: Storage,
) {
  if (!kafka) {
    // With `auto` the set-up has said already why there is none.
    if (config.kafka.mode === 'off')
      step('off', 'Kafka off: events wait in the journal; attach Kafka any time, the relay starts at position 0');
    return undefined;
  }
  step('begin', kafka.title);
  const { publisher } = kafka;
  running.add('Kafka client', publisher);
  const relay = running.add('relay', startRelay({ journal, clock, logger, meter, publisher }));
  // A topic that does not fit or a checkpoint beyond the head ends the start; a Kafka that is away does not.
  const reached = await relay.checked(KAFKA_CHECK_MS);
  if (reached) step('end', kafka.title);
  else step('off', `${kafka.title} is away: events wait in the journal, the relay goes on when it is back`);
  return { relay, verifier: createTopicVerifier({ publisher, journal }) };
}

async function startMqtt(
  surroundings: Surroundings,
  parts: Pick<Storage, 'journal'> & Actors & Readers & { readonly authority: Authority },
) {
  const { config, logger, meter, running } = surroundings;
  const { authority, devices, deviceIndex } = parts;
  const stalls = running.add('stall watch', watchStalls({ clock, meter }));
  let server = await authority.serverCertificate();
  const broker = await startBroker({
    devices,
    deviceIndex: deviceIndex.index,
    listeners: listenersOf(config),
    tls: { ...server, ca: authority.certificate },
    limits: { publishRate: config.mqtt.publishRate },
    node: surroundings.node,
    clock,
    logger,
    meter,
    stalls,
  });
  running.add('mqtt', broker);
  const revocations = subscribe(surroundings, parts, broker.subscriber, { from: 'head' });
  const renewal = setInterval(() => {
    authority.serverCertificate().then(
      (certificate) => broker.replaceServerCertificate((server = certificate)),
      (error: unknown) => logger.error({ err: error }, 'the server certificate could not be renewed'),
    );
  }, CERTIFICATE_CHECK_MS).unref();
  running.add('certificate renewal', { stop: () => clearInterval(renewal) });
  return { broker, stalls, revocations, serverCertificate: () => server };
}
type Edge = Awaited<ReturnType<typeof startMqtt>>;

/** REST, dashboard and metrics, the first administrator, and what the command line needs to find them. */
async function startDoors(
  surroundings: Surroundings,
  parts: Storage &
    Actors &
    Readers &
    Edge & { readonly authority: Authority; readonly relay: Awaited<ReturnType<typeof startTheRelay>> },
) {
  const { config, dataDir, node, logger, meter, running } = surroundings;
  const { journal, broker, devices, tenants, relay, access } = parts;
  const activity = watchActivity({ journal, gateBuckets: () => meter.buckets('fleetlog_commit_gate_seconds'), clock });
  running.add('activity', activity);
  subscribe(surroundings, parts, activity.subscriber, { from: 'head' });

  const portOf = (name: string): number | null =>
    broker.listeners.find((listener) => listener.name === name)?.port ?? null;
  const publicHost = config.publicHosts[0] ?? '127.0.0.1';
  const [mqttsPort, plainPort] = [portOf('mqtts'), portOf('mqtt')];
  const system = {
    ...parts,
    relay: relay?.relay,
    eventsTopic: config.kafka.eventsTopic,
    subscriptions: [...parts.subscriptions, parts.revocations],
    gate: broker,
    directories: [devices, tenants],
    mqtt: { host: publicHost, mqttsPort, plainPort },
  };
  observeDegraded(meter, system);

  const adminToken = await firstAdminToken(config.adminToken, dataDir);
  const admin = await ensureFirstAdmin(access, config.adminPassword);
  if (!process.connected) await writeGeneratedPassword(dataDir, admin.password, logger);
  const api = createApi({
    devices,
    access,
    audit: parts.audit.log,
    idempotency: createIdempotencyStore({ database: parts.database, node: node.id, life: node.life }),
    deviceIndex: parts.deviceIndex.index,
    connections: parts.connections.history,
    telemetry: parts.telemetry.history,
    journal,
    authority: parts.authority,
    status: () => systemStatus(system, VERSION, clock),
    activity,
    refusedConnects: broker.refusedConnects,
    verifyRelay: relay && (() => relay.verifier.verify()),
    ready: () => readiness(system),
    overloaded: () => broker.waiting().isFull,
    metrics: () => meter.text(),
    loopback: isLoopback(config.http.host),
    adminTokenSha256: createHash('sha256').update(adminToken.token).digest('hex'),
    publicHosts: config.publicHosts,
    trustedProxies: config.trustedProxies,
    mqtts: { host: publicHost, port: mqttsPort ?? 0 },
    dashboard: loadDashboard(),
    clock,
    randomBytes,
    logger,
    meter,
  });
  const http = running.add('http', await startHttp({ api, ...config.http }));

  const url = `http://${hostInUrl(isAnyAddress(config.http.host) ? publicHost : config.http.host)}:${http.port}`;
  await writeCliAccess(dataDir, { url, token: adminToken.token, mqtt: { host: publicHost, port: mqttsPort } });
  const mqtt = mqttsPort === null ? null : `mqtts://${hostInUrl(publicHost)}:${mqttsPort}`;
  return { url, mqtt, mqttsPort, plainPort, token: adminToken.token, tokenFile: adminToken.file, admin };
}

function listenersOf({ mqtt }: Config): Parameters<typeof startBroker>[0]['listeners'] {
  const host = mqtt.host;
  const on = (port: number | undefined, fallback: string) =>
    port === undefined ? undefined : { host: host ?? fallback, port };
  const mqtts = on(mqtt.mqtts, '0.0.0.0');
  const plain = on(mqtt.mqtt, '127.0.0.1');
  const wss = on(mqtt.wss, '0.0.0.0');
  return { ...(mqtts && { mqtts }), ...(plain && { mqtt: plain }), ...(wss && { wss }) };
}

/** Stops all parts, once, however often it is asked. */
function createStop(running: RunningParts, logger: Logger, begun: AbortController): (code: number) => Promise<never> {
  let stopping: Promise<never> | undefined;
  return (code) => {
    stopping ??= (async () => {
      begun.abort();
      const late = setTimeout(() => {
        logger.error({ left: running.left }, 'the stop took too long');
        process.exit(1);
      }, STOP_MS);
      await running.stopAll(logger);
      clearTimeout(late);
      process.exit(code);
    })();
    return stopping;
  };
}

/** One sentence for what a person can mend; `undefined` for a fault of ours. */
function sentenceOf(error: unknown, config: Config | undefined): string | undefined {
  if (error instanceof ConfigError || error instanceof StartRefused || error instanceof FleetlogError)
    return error.message;
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'ENOSPC') return 'The disk is full: free some space and start again.';
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return undefined;
  const name = Object.entries({
    HTTP_PORT: config?.http.port,
    MQTTS_PORT: config?.mqtt.mqtts,
    MQTT_PORT: config?.mqtt.mqtt,
    MQTT_WSS_PORT: config?.mqtt.wss,
  }).find(([, value]) => value === port)?.[0];
  const problem = code === 'EADDRINUSE' ? 'is taken' : 'may not be used';
  return `Port ${port ?? ''} ${problem}: set ${name ?? 'another port'} to another one, or end the program that uses it.`;
}

function step(state: 'begin' | 'end' | 'off', text: string): void {
  tell({ type: 'step', state, text });
}

function tell(message: object): void {
  if (process.connected) process.send?.(message);
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
const isAnyAddress = (host: string): boolean => host === '0.0.0.0' || host === '::';
const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

async function main(): Promise<void> {
  const running = createRunningParts();
  let config: Config | undefined;
  let logger = createLogger({ level: 'info', format: 'json' });
  const stopping = new AbortController();
  const stop = createStop(running, logger, stopping);
  try {
    config = loadConfig(process.env);
    const meter = createMeter();
    logger = createLogger(config.log, meter);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
    process.on('disconnect', () => void stop(0)); // whoever started this process is gone
    for (const name of config.unread) logger.warn({ name }, 'this version does not read that variable');
    const dataDir = resolve(config.dataDir);
    const node = { id: config.nodeId, life: randomUUID() };
    const ready = await start({ config, dataDir, node, logger, meter, running, stopping: stopping.signal });
    logger.info({ url: ready.url, mqtt: ready.mqtt, kafka: ready.kafka }, 'Fleetlog is ready');
    tell(ready);
  } catch (error) {
    if (stopping.signal.aborted) await stop(0); // whatever a start that is stopped half-way runs into
    const sentence = sentenceOf(error, config);
    if (sentence === undefined) logger.error({ err: error }, 'the start failed');
    else if (!process.connected) process.stderr.write(`${sentence}\n`);
    tell({ type: 'failed', sentence: sentence ?? `The start failed: ${(error as Error).message}` });
    await stop(1);
  }
}

await main();
