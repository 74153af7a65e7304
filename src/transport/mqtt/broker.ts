import { Aedes } from 'aedes';
import type { DeviceCommand } from '../../actors/device/commands.js';
import type { DisconnectReason } from '../../actors/device/events.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { ErrorCode } from '../../actors/kernel/errors.js';
import { isLoopback } from '../../actors/kernel/host-names.js';
import type { StallWatch } from '../../actors/kernel/stall-watch.js';
import type { DeviceIndex, RefusedConnects } from '../../actors/kernel/ports/device-index.js';
import type { EntityDirectory } from '../../actors/kernel/ports/entities.js';
import type { Subscriber } from '../../actors/kernel/ports/journal.js';
import type { Clock, Logger, Meter } from '../../actors/kernel/ports/surroundings.js';
import type { NodeName } from '../../actors/kernel/ports/nodes.js';
import { createAdmission } from './admission.js';
import { createAudience } from './audience.js';
import { createBrokerHooks, reasonOfError } from './broker-hooks.js';
import { createCommitGate, type GateLoad } from './commit-gate.js';
import { closeConnection, type Connection, type ListenerName } from './connection.js';
import { createConnections } from './connections.js';
import { errorNotice } from './dialects/refusal.js';
import { createDisconnects } from './disconnects.js';
import { MQTT_LIMITS, type MqttLimits } from './limits.js';
import { openListeners, type ListenerAddress, type ServerCertificate } from './listeners.js';
import { createLiveConnections } from './live-connections.js';
import { createMqttMetrics, observeBroker } from './metrics.js';
import { createRefusalNotes } from './refused-connects.js';
import { divertPublishes, type InboundMessage } from './publish-intake.js';
import { createReadTurns } from './read-turns.js';
import { VALVE_REASONS, type ValveReason } from './read-valve.js';
import { createRevocations } from './revocations.js';
import { createIncomingMessages } from './sessions/incoming-messages.js';
import { createSessionStore } from './sessions/session-store.js';
import { errorsTopic, internalTopic } from './topics.js';

export interface BrokerOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly deviceIndex: Pick<DeviceIndex, 'deviceOfToken'>;
  /** Listeners that are absent are off; `host` is loopback unless given (SEC-10). */
  readonly listeners: Readonly<Partial<Record<ListenerName, ListenerAddress>>>;
  /** Server certificate, and the authority whose device certificates are accepted. */
  readonly tls: ServerCertificate & { readonly ca: string };
  /** @default MQTT_LIMITS, for each that is absent */
  readonly limits?: Partial<MqttLimits>;
  /** Who holds the connections. */
  readonly node: NodeName;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Tells when the process stood still, so that no device is thought silent for it. */
  readonly stalls: Pick<StallWatch, 'onStall' | 'hasStalled'>;
}

export interface Broker {
  readonly listeners: readonly { readonly name: ListenerName; readonly host: string; readonly port: number }[];
  /** Admitted connections. */
  connections(): number;
  /** What the commit gate holds. */
  waiting(): GateLoad;
  /** Connections whose socket is not read, by reason; one may have several. */
  unread(): Readonly<Partial<Record<ValveReason, number>>>;
  /** Devices that were lately refused when they tried to connect. */
  readonly refusedConnects: RefusedConnects;
  /** Ends the connections of a device. */
  closeDevice(tenant: string, device: string, reason: DisconnectReason): void;
  /** Whether a connection of this device is live or being admitted here. */
  attends(tenant: string, device: string): boolean;
  /** For new connections; open ones stay (SEC-09). */
  replaceServerCertificate(certificate: ServerCertificate): void;
  /** Takes nothing new, lets what waits be committed and acknowledged, ends all connections. Within `stopMs`. */
  stop(): Promise<void>;
  /** Closes connections whose credential was revoked; to be run as a subscription from the head. */
  readonly subscriber: Subscriber;
}

const MOST_TOPIC_LEVELS = 16;
const EXPIRY_SWEEP_MS = 1_000;
const DRAIN_POLL_MS = 10;
/** Share of `stopMs` in which held publishes may still be committed. */
const DRAIN_SHARE = 0.6;

/** The MQTT broker: aedes behind the commit gate. Everything that a device sends is journaled before it is acknowledged. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { devices, clock, meter } = options;
  const logger = options.logger.child({ component: 'mqtt' });
  const limits: MqttLimits = { ...MQTT_LIMITS, ...options.limits };
  const metrics = createMqttMetrics(meter);
  const live = createLiveConnections();
  const refusals = createRefusalNotes(logger, clock);
  const disconnects = createDisconnects(devices);
  /** Called from within the parser, where a fault of ours would end the process (SEC-56). */
  function take(connection: Connection, message: InboundMessage): void {
    try {
      gate.take(connection, message);
    } catch (error) {
      logger.error({ err: error }, 'A publish could not be taken; its connection is closed');
      closeConnection(connection, 'PROTOCOL_ERROR');
    }
  }
  const turns = createReadTurns(limits.publishesPerTurn);
  const connections = createConnections({
    limits,
    turns,
    stalls: options.stalls,
    onAccepted: (connection) => divertPublishes(connection, limits, audience, { take }),
    onEnded: endConnection,
  });
  const gate = createCommitGate({
    devices,
    limits,
    turns,
    clock,
    logger,
    metrics,
    tellRefusal({ peer }, topic, rejection, id) {
      const { code, ...rest } = rejection;
      const payload = errorNotice({ topic, code: code as ErrorCode, ...rest, ...(id === undefined ? {} : { id }) });
      // To whoever of the device's connections listens; at QoS 0 nothing is kept for a sleeping one.
      broker.publish(
        {
          cmd: 'publish',
          topic: internalTopic(peer.tenant, errorsTopic(peer.device)),
          payload,
          qos: 0,
          dup: false,
          retain: false,
        },
        () => undefined,
      );
    },
    forward({ route, payload, qos }) {
      if (route === undefined || !audience.hears(route)) return;
      // Behind what aedes acknowledged before it: that goes on in the next turn (`write.js`).
      setImmediate(() =>
        broker.publish(
          { cmd: 'publish', topic: route.internalTopic, payload, qos, dup: false, retain: false },
          () => undefined,
        ),
      );
    },
  });
  const audience = createAudience((topic) => store.subscriptionsByTopic(topic));
  const store = createSessionStore({
    limits,
    onSubscriptionsChanged: () => audience.changed(),
    clock,
    incoming: createIncomingMessages({ devices, gate, live, clock, holdMs: limits.holdMs }),
    connectionOf: (client) => connections.of(client),
    isLive: (clientId) => {
      const [tenant = '', device = ''] = clientId.split('/', 2);
      return live.of({ tenant, device }).length > 0;
    },
    onDrop: () => metrics.countMessage('other', 1, 'dropped'),
  });

  const broker = await Aedes.createBroker({
    persistence: store,
    ...createBrokerHooks({
      admission: createAdmission({
        devices,
        deviceIndex: options.deviceIndex,
        limits,
        live,
        node: options.node,
        clock,
        logger,
        metrics,
        refusals,
        onLate: endConnection,
        onUnattended: (connected, origin) => disconnects.recordUnattended(connected, origin),
      }),
      gate,
      connectionOf: (client) => connections.of(client),
      limits,
      metrics,
      logger,
    }),
    connectTimeout: limits.connectMs,
    drainTimeout: limits.drainMs,
    maxInflightInbound: limits.incomingQos2,
    maxTopicLevels: MOST_TOPIC_LEVELS,
    // Ids are ours (`<tenant>/<device>`); the wire's were checked before.
    maxClientsIdLength: 1_000,
    queueLimit: limits.unacknowledged,
  });
  audience.attach(broker);
  // aedes' own typing knows its events only as overloads of `on`.
  broker.on(
    'error' as 'closed',
    ((error: Error) => logger.error({ err: error }, 'aedes reports an error')) as () => void,
  );
  for (const event of ['clientError', 'connectionError'] as const) {
    broker.on(event, (client, error) => {
      const connection = connections.of(client);
      if (connection) connection.closeReason ??= reasonOfError(error);
    });
  }

  function endConnection(connection: Connection): void {
    const { session } = connection;
    gate.connectionEnded(connection);
    live.leave(connection);
    if (!session) return;
    const reason =
      connection.closeReason ?? (connection.client._disconnected ? 'CLIENT_DISCONNECT' : 'CONNECTION_LOST');
    if (isCut(reason)) metrics.refused.inc(1, { reason });
    // The journal knows of a newer session already. An older one may still be closing when this one ends.
    if ((live.newest(session.peer)?.sessionEpoch ?? 0) < session.sessionEpoch) disconnects.record(session, reason);
  }

  const countOf = (name?: ListenerName): number => {
    let count = 0;
    for (const { session, listener } of connections.all) if (session && (name ?? listener) === listener) count += 1;
    return count;
  };
  // What the devices sent during a stall is still to be read: their time begins anew, before their timers are run.
  options.stalls.onStall((milliseconds) => {
    logger.warn({ milliseconds, connections: connections.all.size }, 'The process stood still');
    for (const { client } of connections.all) client._keepaliveTimer?.refresh();
  });
  const countUnread = (): Partial<Record<ValveReason, number>> => {
    const counts: Partial<Record<ValveReason, number>> = {};
    for (const { valve } of connections.all) {
      if (!valve.isClosed()) continue;
      for (const reason of VALVE_REASONS) if (valve.isClosedBy(reason)) counts[reason] = (counts[reason] ?? 0) + 1;
    }
    return counts;
  };
  const expirySweep = setInterval(() => {
    for (const connection of connections.all) {
      const expiresAt = connection.session?.expiresAt;
      if (expiresAt !== undefined && expiresAt <= clock.now()) closeConnection(connection, 'CREDENTIAL_EXPIRED');
    }
  }, EXPIRY_SWEEP_MS).unref();

  const listeners = await openListeners(options.listeners, {
    certificate: options.tls,
    limits,
    onUntrusted(refusal) {
      metrics.refused.inc(1, { reason: refusal.code });
      refusals.note(refusal);
    },
    onConnection: (name, arrival) => connections.accept(broker, name, arrival),
    onFault: (error) => logger.warn({ err: error }, 'A connection could not be taken'),
  });
  for (const { name, host } of listeners) {
    if (name !== 'mqtt' || isLoopback(host)) continue;
    logger.warn({ host }, 'Plain MQTT is open beyond this machine; tokens travel unencrypted');
  }
  observeBroker(meter, {
    connections: () => listeners.map(({ name }) => ({ listener: name, count: countOf(name) })),
    unread: countUnread,
    waiting: () => gate.waiting(),
  });

  async function until(isDone: () => boolean, milliseconds: number): Promise<void> {
    const startedAt = clock.monotonic();
    while (!isDone() && clock.monotonic() - startedAt < milliseconds) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  let stopping: Promise<void> | undefined;
  async function stop(): Promise<void> {
    for (const listener of listeners) listener.close();
    for (const { valve } of connections.all) valve.close('stopping');
    await until(() => gate.waiting().publishes === 0, limits.stopMs * DRAIN_SHARE);
    for (const connection of connections.all) closeConnection(connection, 'SERVER_STOPPED');
    // Wills and DeviceDisconnected go through the actors like everything else.
    const rest = (limits.stopMs * (1 - DRAIN_SHARE)) / 2;
    await until(() => connections.all.size === 0 && gate.waiting().publishes === 0, rest);
    await Promise.race([disconnects.stop(), new Promise((resolve) => setTimeout(resolve, rest).unref())]);
    clearInterval(expirySweep);
    gate.stop();
    store.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  }

  return {
    listeners: listeners.map(({ name, host, port }) => ({ name, host, port })),
    connections: () => countOf(),
    waiting: () => gate.waiting(),
    unread: countUnread,
    refusedConnects: refusals,
    closeDevice(tenant, device, reason) {
      for (const { connection } of live.of({ tenant, device })) closeConnection(connection, reason);
    },
    attends: (tenant, device) => live.of({ tenant, device }).length > 0,
    replaceServerCertificate(certificate) {
      for (const listener of listeners) listener.replaceCertificate(certificate);
    },
    stop: () => (stopping ??= stop()),
    subscriber: createRevocations(live),
  };
}

/** Whether a connection ended by a decision of ours that somebody should look at. */
function isCut(reason: DisconnectReason): boolean {
  return !['CLIENT_DISCONNECT', 'CONNECTION_LOST', 'TAKEN_OVER', 'SERVER_STOPPED'].includes(reason);
}
