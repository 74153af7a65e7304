import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { deviceCodec } from './actors/device/codec.js';
import { createDeviceDirectory } from './actors/device/device-actor.js';
import { deviceStream, MESSAGE_TYPES } from './actors/device/events.js';
import { tellExpiringCertificates } from './actors/device/expiring-certificates.js';
import { closeLostSessions } from './actors/device/lost-sessions.js';
import { revokeSuperseded } from './actors/device/rotation.js';
import { hostInUrl, isAnyAddress, isLoopback } from './actors/kernel/host-names.js';
import type { RecordedEvent, Subscriber } from './actors/kernel/ports/journal.js';
import type { Clock } from './actors/kernel/ports/surroundings.js';
import { watchStalls } from './actors/kernel/stall-watch.js';
import { startSubscription, type Subscription, type SubscriptionOptions } from './actors/kernel/subscription.js';
import { startRelay } from './actors/relay/relay.js';
import { tellPlatformExpiry } from './actors/tenant/platform-expiry.js';
import { createTenantDirectory } from './actors/tenant/tenant-actor.js';
import { startAccess } from './api/access/access.js';
import { watchActivity } from './api/system/activity.js';
import { firstAdminToken, writeCliAccess, writeGeneratedPassword } from './api/access/admin-token.js';
import { loadDashboard } from './api/dashboard-files.js';
import { ensureFirstAdmin } from './api/access/first-admin.js';
import { createApi, startHttp } from './api/http.js';
import { observeDegraded, readiness, systemStatus } from './api/system/system-status.js';
import type { Config } from './config.js';
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
import { runProcess, step, type ReadyMessage, type Surroundings } from './process.js';
import { attachKafka, type AttachedKafka } from './transport/kafka/attached-kafka.js';
import { createTopicVerifier } from './transport/kafka/topic-verifier.js';
import { startBroker } from './transport/mqtt/broker.js';
import { openCertificateAuthority } from './transport/pki/certificate-authority.js';
import { keepServerCertificate } from './transport/pki/server-certificate-renewal.js';

/** A Kafka that is away holds up the start no longer than this; one that is there answers sooner. */
const KAFKA_CHECK_MS = 5_000;

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

const clock: Clock = { now: Date.now, monotonic: () => performance.now() };

/** Starts every part, each on those before it, and says when all are up. */
async function start(surroundings: Surroundings): Promise<ReadyMessage> {
  const { config, dataDir, stopping } = surroundings;
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

  startChores(surroundings, { ...storage, ...actors, ...readers, ...edge, authority });
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
  const kept = running.add('certificate renewal', await keepServerCertificate(authority, logger));
  const broker = await startBroker({
    devices,
    deviceIndex: deviceIndex.index,
    listeners: listenersOf(config),
    tls: { ...kept.current(), ca: authority.certificate },
    limits: { publishRate: config.mqtt.publishRate },
    node: surroundings.node,
    clock,
    logger,
    meter,
    stalls,
  });
  running.add('mqtt', broker);
  const revocations = subscribe(surroundings, parts, broker.subscriber, { from: 'head' });
  kept.onRenewed((certificate) => broker.replaceServerCertificate(certificate));
  return { broker, stalls, revocations, serverCertificate: kept.current };
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
  const http = running.add('http', await startHttp({ api, randomBytes, ...config.http }));

  const url = `http://${hostInUrl(isAnyAddress(config.http.host) ? publicHost : config.http.host)}:${http.port}`;
  await writeCliAccess(dataDir, { url, token: adminToken.token, mqtt: { host: publicHost, port: mqttsPort } });
  const mqtt = mqttsPort === null ? null : `mqtts://${hostInUrl(publicHost)}:${mqttsPort}`;
  return { url, mqtt, mqttsPort, plainPort, token: adminToken.token, tokenFile: adminToken.file, admin };
}

/** What is done in the devices' and the platform's name from time to time. */
function startChores(
  { logger, running }: Surroundings,
  parts: Storage & Actors & Readers & Edge & { readonly authority: Authority },
): void {
  const { journal, lease, devices, tenants, deviceIndex, authority, serverCertificate: server, broker } = parts;
  const attends = (tenant: string, device: string): boolean => broker.attends(tenant, device);
  const sessions = { index: deviceIndex.index, lease, journal, devices, attends, logger };
  running.add('lost sessions', closeLostSessions(sessions));
  const fleet = { connections: parts.connections.history, devices, clock, logger };
  running.add('rotation', revokeSuperseded(fleet));
  running.add('expiry of devices', tellExpiringCertificates(fleet));
  running.add('expiry of the platform', tellPlatformExpiry({ authority, server, tenants, logger }));
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

await runProcess(start);
