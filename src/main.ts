import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { deviceCodec } from './actors/device/codec.js';
import { createDeviceDirectory } from './actors/device/device-actor.js';
import { deviceStream } from './actors/device/events.js';
import { closeLostSessions } from './actors/device/lost-sessions.js';
import { FleetlogError, StartRefused } from './actors/kernel/errors.js';
import type { Clock, Logger, RecordedEvent } from './actors/kernel/ports.js';
import { watchStalls } from './actors/kernel/stall-watch.js';
import { startSubscription } from './actors/kernel/subscription.js';
import { startRelay, type Relay } from './actors/relay/relay.js';
import { createTenantDirectory } from './actors/tenant/tenant-actor.js';
import { startAccess } from './api/access.js';
import { watchActivity } from './api/activity.js';
import { firstAdminToken, writeCliAccess, writeGeneratedPassword } from './api/admin-token.js';
import { loadDashboard } from './api/dashboard-files.js';
import { ensureFirstAdmin, type FirstAdmin } from './api/first-admin.js';
import { createApi, startHttp } from './api/http.js';
import { observeDegraded, readiness, systemStatus } from './api/system-status.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { createLogger, createMeter } from './observability.js';
import { createCredentialUses } from './persistence/credential-uses.js';
import { openDatabase } from './persistence/database.js';
import { startEmbeddedPostgres } from './persistence/embedded-postgres.js';
import { createIdempotencyStore } from './persistence/idempotency-store.js';
import { createIncomingIds } from './persistence/incoming-ids.js';
import { openJournal } from './persistence/journal/postgres-journal.js';
import { migrate } from './persistence/migrate.js';
import { createPasswordVerifiers } from './persistence/password-verifiers.js';
import { createAuditLog } from './persistence/projections/audit-log.js';
import { createDeviceIndex } from './persistence/projections/device-index.js';
import { createTelemetryHistory } from './persistence/projections/telemetry-history.js';
import { createSnapshotStore } from './persistence/snapshots.js';
import { createEventPublisher, type KafkaPublisher } from './transport/kafka/event-publisher.js';
import { keepLocalKafka } from './transport/kafka/kept-broker.js';
import { fetchedKafka } from './transport/kafka/local-broker.js';
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

/** Everything that runs, in the order of its start. Stopped in reverse. */
type Running = { readonly name: string; stop(): Promise<void> | void }[];

const STOP_MS = 9_000;
const CERTIFICATE_CHECK_MS = 24 * 60 * 60 * 1000;
/** A Kafka that is away holds up the start no longer than this; one that is there answers sooner. */
const KAFKA_CHECK_MS = 5_000;

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

const clock: Clock = { now: Date.now, monotonic: () => performance.now() };

/** Starts every part, each on those before it, and says when all are up. */
async function start(
  config: Config,
  { logger, meter }: { readonly logger: Logger; readonly meter: ReturnType<typeof createMeter> },
  running: Running,
  stopping: AbortSignal,
): Promise<ReadyMessage> {
  const dataDir = resolve(config.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  for (const name of config.unread) logger.warn({ name }, 'this version does not read that variable');

  // Kafka takes longest to start and nothing waits for it but the relay.
  const kafkaStart = startKafka(config, dataDir, running, logger, stopping);
  kafkaStart.catch(() => undefined); // awaited below; a failure of Postgres comes first

  const postgres = await startPostgres(config, dataDir, running, logger);
  stopping.throwIfAborted();
  const database = await openDatabase({ url: postgres.url, log: logger });
  running.push({ name: 'database', stop: () => database.stop() });
  await migrate(database, logger);
  const journal = await openJournal({ database, clock, log: logger, meter, shards: config.shards });
  running.push({ name: 'journal', stop: () => journal.stop() });
  step('end', postgres.title);

  step('begin', 'certificate authority');
  const passphrase = config.caPassphrase;
  const authority = await openCertificateAuthority({
    dataDir,
    passphrase,
    clock,
    logger,
    publicHosts: config.publicHosts,
  });
  running.push({ name: 'certificate authority', stop: () => authority.stop() });
  step('end', 'certificate authority');

  const snapshots = createSnapshotStore(database);
  const ports = { journal, snapshots, incomingIds: createIncomingIds(database), clock, logger, meter };
  const devices = createDeviceDirectory(ports);
  running.push({ name: 'devices', stop: () => devices.stop() });
  const tenants = createTenantDirectory(ports);
  running.push({ name: 'tenants', stop: () => tenants.stop() });

  const decode = ({ type, schemaVersion, payload, occurredAt }: RecordedEvent) =>
    deviceCodec.decode(type, schemaVersion, payload, occurredAt);
  const deviceIndex = createDeviceIndex({ database, decode });
  const telemetry = createTelemetryHistory({ database, journal, decode, streamOf: deviceStream });
  running.push({ name: 'telemetry', stop: () => telemetry.stop() });
  const verifiers = createPasswordVerifiers(database);
  const uses = createCredentialUses(database);
  const access = await startAccess({ tenants, journal, snapshots, verifiers, uses, clock, logger });
  running.push({ name: 'access', stop: () => access.stop() });
  const audit = createAuditLog(database);
  const projections = [deviceIndex, telemetry, audit].map(({ subscriber }) => subscriber);
  const subscriptions = [...projections, access.registry].map((subscriber) =>
    startSubscription({ subscriber, journal, clock, logger, meter }),
  );
  running.push(...subscriptions.map((subscription) => ({ name: 'subscription', stop: () => subscription.stop() })));

  const kafka = await kafkaStart;
  stopping.throwIfAborted();
  const relay = await attachRelay(kafka, config.kafka.mode, { journal, clock, logger, meter }, running);

  const serverCertificate = await authority.serverCertificate();
  const stalls = watchStalls({ clock, meter });
  running.push({ name: 'stall watch', stop: () => stalls.stop() });
  const broker = await startBroker({
    devices,
    deviceIndex: deviceIndex.index,
    listeners: listenersOf(config),
    tls: { ...serverCertificate, ca: authority.certificate },
    limits: { publishRate: config.mqtt.publishRate },
    clock,
    logger,
    meter,
    stalls,
  });
  running.push({ name: 'mqtt', stop: () => broker.stop() });
  const revocations = startSubscription({ subscriber: broker.subscriber, journal, clock, logger, meter, from: 'head' });
  running.push({ name: 'sessions', stop: () => revocations.stop() });
  const gateBuckets = (): ReturnType<typeof meter.buckets> => meter.buckets('fleetlog_commit_gate_seconds');
  const activity = watchActivity({ journal, gateBuckets, clock });
  const activityReader = startSubscription({
    subscriber: activity.subscriber,
    journal,
    clock,
    logger,
    meter,
    from: 'head',
  });
  running.push(
    { name: 'activity', stop: () => activity.stop() },
    { name: 'activity reader', stop: () => activityReader.stop() },
  );
  const renewal = setInterval(() => {
    authority.serverCertificate().then(
      (certificate) => broker.replaceServerCertificate(certificate),
      (error: unknown) => logger.error({ err: error }, 'the server certificate could not be renewed'),
    );
  }, CERTIFICATE_CHECK_MS).unref();
  running.push({ name: 'certificate renewal', stop: () => clearInterval(renewal) });

  const portOf = (name: string): number | null =>
    broker.listeners.find((listener) => listener.name === name)?.port ?? null;
  const publicHost = config.publicHosts[0] ?? '127.0.0.1';
  const adminToken = await firstAdminToken(config.adminToken, dataDir);
  const admin = await ensureFirstAdmin(access, config.adminPassword);
  if (!process.connected) await writeGeneratedPassword(dataDir, admin.password, logger);
  const mqtt = { host: publicHost, mqttsPort: portOf('mqtts'), plainPort: portOf('mqtt') };
  const parts = {
    journal,
    relay: relay?.relay,
    subscriptions: [...subscriptions, revocations],
    gate: broker,
    devices,
    database,
    stalls,
    directories: [devices, tenants],
    mqtt,
  };
  observeDegraded(meter, parts);
  const api = createApi({
    devices,
    access,
    audit: audit.log,
    idempotency: createIdempotencyStore({ database, node: config.nodeId, life: randomUUID() }),
    deviceIndex: deviceIndex.index,
    telemetry: telemetry.history,
    journal,
    authority,
    status: () => systemStatus(parts, VERSION, clock),
    activity: (tenant) => activity.read(tenant),
    verifyRelay: relay && (() => relay.verifier.verify()),
    ready: () => readiness(parts),
    overloaded: () => broker.waiting().isFull,
    metrics: () => meter.text(),
    loopback: isLoopback(config.http.host),
    adminTokenSha256: createHash('sha256').update(adminToken.token).digest('hex'),
    publicHosts: config.publicHosts,
    trustedProxies: config.trustedProxies,
    mqtts: { host: publicHost, port: portOf('mqtts') ?? 0 },
    dashboard: loadDashboard(),
    clock,
    randomBytes,
    logger,
    meter,
  });
  const http = await startHttp({ api, ...config.http });
  running.push({ name: 'http', stop: () => http.stop() });

  const reconciliation = closeLostSessions({
    index: deviceIndex.index,
    journal,
    devices,
    attends: (tenant, device) => broker.attends(tenant, device),
    logger,
  });
  running.push({ name: 'lost sessions', stop: () => reconciliation.stop() });

  const url = `http://${hostInUrl(isAnyAddress(config.http.host) ? publicHost : config.http.host)}:${http.port}`;
  const mqttsPort = portOf('mqtts');
  await writeCliAccess(dataDir, { url, token: adminToken.token, mqtt: { host: publicHost, port: mqttsPort } });
  return {
    type: 'ready',
    url,
    mqtt: mqttsPort === null ? null : `mqtts://${hostInUrl(publicHost)}:${mqttsPort}`,
    mqttsPort,
    plainPort: portOf('mqtt'),
    caFingerprint: authority.fingerprint,
    dataDir,
    token: adminToken.token,
    tokenFile: adminToken.file,
    admin,
    kafka: kafka?.brokers.join(',') ?? null,
    eventsTopic: config.kafka.eventsTopic,
    pids: { postgres: postgres.pid, kafka: kafka?.pid ?? null },
  };
}

async function startPostgres(
  config: Config,
  dataDir: string,
  running: Running,
  logger: Logger,
): Promise<{ url: string; pid: number | null; title: string }> {
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
  running.push({ name: 'Postgres', stop: () => stopStarted(starting) });
  const postgres = await starting;
  return { url: postgres.url, pid: postgres.pid, title };
}

/** A process of its own outlives this one: a stop that comes while it still starts waits for it. */
async function stopStarted(starting: Promise<{ stop(): Promise<void> }>): Promise<void> {
  const started = await starting.catch(() => undefined);
  await started?.stop();
}

interface RunningKafka {
  readonly brokers: readonly string[];
  readonly pid: number | null;
  readonly publisher: KafkaPublisher;
  readonly title: string;
}

/** Brings up what the relay needs; `undefined` when Kafka is off, which is no fault. */
async function startKafka(
  config: Config,
  dataDir: string,
  running: Running,
  logger: Logger,
  stopping: AbortSignal,
): Promise<RunningKafka | undefined> {
  const { mode } = config.kafka;
  if (mode === 'off' || (mode === 'auto' && fetchedKafka() === undefined)) return undefined;
  let local: { brokers: string; pid: number } | undefined;
  if (mode !== 'brokers') {
    const starting = keepLocalKafka({ dataDir: join(dataDir, 'kafka'), logger, signal: stopping });
    // First in the list: everything that is started meanwhile ends before it.
    running.unshift({ name: 'Kafka', stop: () => stopStarted(starting) });
    local = await starting;
  }
  const brokers = local ? [local.brokers] : config.kafka.brokers;
  const publisher = createEventPublisher({ ...config.kafka, brokers, shards: config.shards, clock, logger });
  return { brokers, pid: local?.pid ?? null, publisher, title: local ? 'Kafka (local)' : 'Kafka' };
}

async function attachRelay(
  kafka: RunningKafka | undefined,
  mode: Config['kafka']['mode'],
  ports: Omit<Parameters<typeof startRelay>[0], 'publisher'>,
  running: Running,
): Promise<{ readonly relay: Relay; readonly verifier: ReturnType<typeof createTopicVerifier> } | undefined> {
  if (!kafka) {
    // With `auto` the set-up has said already why there is none.
    if (mode === 'off')
      step('off', 'Kafka off: events wait in the journal; attach Kafka any time, the relay starts at position 0');
    return undefined;
  }
  step('begin', kafka.title);
  const { publisher } = kafka;
  running.push({ name: 'Kafka client', stop: () => publisher.stop() });
  const relay = startRelay({ ...ports, publisher });
  running.push({ name: 'relay', stop: () => relay.stop() });
  // A topic that does not fit or a checkpoint beyond the head ends the start; a Kafka that is away does not.
  const reached = await relay.checked(KAFKA_CHECK_MS);
  if (reached) step('end', kafka.title);
  else step('off', `${kafka.title} is away: events wait in the journal, the relay goes on when it is back`);
  return { relay, verifier: createTopicVerifier({ publisher, journal: ports.journal }) };
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

/** Stops all parts in reverse order, once, however often it is asked. A part that fails to stop holds up no other. */
function createStop(running: Running, logger: Logger, begun: AbortController): (code: number) => Promise<never> {
  let stopping: Promise<never> | undefined;
  return (code) => {
    stopping ??= (async () => {
      begun.abort();
      const late = setTimeout(() => {
        logger.error({ left: running.map(({ name }) => name) }, 'the stop took too long');
        process.exit(1);
      }, STOP_MS);
      for (let part = running.pop(); part; part = running.pop()) {
        try {
          await part.stop();
        } catch (error) {
          logger.error({ part: part.name, err: error }, 'a part did not stop in order');
        }
      }
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
  const running: Running = [];
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
    const ready = await start(config, { logger, meter }, running, stopping.signal);
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
