import { createHash, randomBytes } from 'node:crypto';
import { afterEach } from '@jest/globals';
import type { DeviceCommand } from '../../src/actors/device/commands.js';
import { createDeviceDirectory } from '../../src/actors/device/device-actor.js';
import { deviceStream } from '../../src/actors/device/events.js';
import type { DeviceState } from '../../src/actors/device/state.js';
import type { DirectoryLimits, RunningDirectory } from '../../src/actors/kernel/entity-directory.js';
import type { EntityDirectory, Outcome } from '../../src/actors/kernel/ports/entities.js';
import { startSubscription } from '../../src/actors/kernel/subscription.js';
import { startBroker, type Broker, type BrokerOptions } from '../../src/transport/mqtt/broker.js';
import type { MqttLimits } from '../../src/transport/mqtt/limits.js';
import { createMemoryMeter, createSilentLogger, realClock } from './fake-ports.js';
import { createMemoryJournal, type MemoryJournal } from './memory-journal.js';
import { createTestAuthority, type TestAuthority, type TestCertificate } from './mqtt-certificates.js';
import { openTcp, openTls, type RawClient } from './mqtt-raw-client.js';

/** A registered device with both kinds of credentials. */
export interface TestDevice {
  readonly tenant: string;
  readonly id: string;
  readonly stream: string;
  readonly certificate: TestCertificate;
  readonly token: string;
  readonly tokenId: string;
}

/** A journaled event with its payload read. */
export interface ReadEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The real broker over the real device actors and a journal in memory. */
export interface TestBroker {
  readonly broker: Broker;
  readonly authority: TestAuthority;
  readonly memory: MemoryJournal;
  readonly devices: RunningDirectory<DeviceCommand, DeviceState>;
  readonly meter: ReturnType<typeof createMemoryMeter>;
  readonly logger: ReturnType<typeof createSilentLogger>;
  port(name: 'mqtts' | 'mqtt' | 'wss'): number;
  register(id: string, tenant?: string): Promise<TestDevice>;
  command(device: TestDevice, command: DeviceCommand): Promise<Outcome>;
  /** A socket as this device, before CONNECT. */
  open(device: TestDevice): Promise<RawClient>;
  /** A plain socket; CONNECT has to bring a token. */
  openPlain(): Promise<RawClient>;
  events(device: TestDevice, type?: string): readonly ReadEvent[];
  stop(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly limits?: Partial<MqttLimits>;
  readonly directoryLimits?: Partial<DirectoryLimits>;
  /** A journal that outlived its server. @default a new one */
  readonly memory?: MemoryJournal;
  /** Puts something between the broker and its devices. */
  readonly around?: (
    devices: EntityDirectory<DeviceCommand, DeviceState>,
  ) => EntityDirectory<DeviceCommand, DeviceState>;
  readonly options?: Partial<BrokerOptions>;
}

/** For tests that start a broker each: starts it, and stops it after the test. Called within `describe`. */
export function brokerOfTheTest(): (options?: TestBrokerOptions) => Promise<TestBroker> {
  let server: TestBroker | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });
  return async (options) => (server = await startTestBroker(options));
}

let shared: Promise<TestAuthority> | undefined;

export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const authority = await (shared ??= createTestAuthority());
  const memory = options.memory ?? createMemoryJournal();
  const meter = createMemoryMeter();
  const logger = createSilentLogger();
  const devices = createDeviceDirectory({
    journal: memory.journal,
    snapshots: memory.snapshots,
    incomingIds: memory.incomingIds,
    clock: realClock,
    logger,
    meter,
    ...(options.directoryLimits ? { limits: options.directoryLimits } : {}),
  });
  const owners = new Map<string, { tenant: string; device: string }>();
  const server = await authority.server();
  const anyPort = { port: 0 };
  const broker = await startBroker({
    devices: options.around?.(devices) ?? devices,
    deviceIndex: { deviceOfToken: (sha256) => Promise.resolve(owners.get(sha256)) },
    listeners: { mqtts: anyPort, mqtt: anyPort, wss: anyPort },
    tls: { key: server.key, cert: server.cert, ca: authority.cert },
    limits: { connectRate: 0, ...options.limits },
    node: { id: 'test', life: 'first' },
    clock: realClock,
    logger,
    meter,
    stalls: { onStall: () => undefined, hasStalled: () => false },
    ...options.options,
  });
  const subscription = startSubscription({
    subscriber: broker.subscriber,
    journal: memory.journal,
    clock: realClock,
    logger,
    meter,
    from: 'head',
  });
  const clients: RawClient[] = [];

  const port = (name: 'mqtts' | 'mqtt' | 'wss'): number => broker.listeners.find((one) => one.name === name)!.port;
  const command = (device: TestDevice, given: DeviceCommand): Promise<Outcome> =>
    devices.request(device.stream, given, { tenant: device.tenant, principal: 'token/test' });

  return {
    broker,
    authority,
    memory,
    devices,
    meter,
    logger,
    port,
    command,
    async register(id, tenant = 'default') {
      const certificate = await authority.device(tenant, id);
      const token = randomBytes(32).toString('base64url');
      const sha256 = createHash('sha256').update(token).digest('hex');
      const tokenId = `t-${id}`;
      const device: TestDevice = { tenant, id, stream: deviceStream(tenant, id), certificate, token, tokenId };
      owners.set(sha256, { tenant, device: id });
      const profile = { attributes: {}, tags: [], groups: [], via: [], gateway: false };
      const { fingerprint, cert, notBefore, notAfter } = certificate;
      const commands: DeviceCommand[] = [
        { type: 'RegisterDevice', id, profile, enabled: true },
        {
          type: 'AddCertificate',
          certificate: {
            fingerprint,
            serial: fingerprint.slice(0, 32),
            certificate: cert,
            keyType: 'EC P-256',
            publicKeySha256: createHash('sha256').update(cert).digest('hex'),
            notBefore,
            notAfter,
          },
        },
        { type: 'AddToken', tokenId, sha256 },
      ];
      for (const one of commands) {
        const outcome = await command(device, one);
        if (outcome.kind !== 'accepted') throw new Error(`${one.type}: ${JSON.stringify(outcome)}`);
      }
      return device;
    },
    async open({ certificate }) {
      const client = await openTls(port('mqtts'), {
        key: certificate.key,
        cert: certificate.cert,
        ca: authority.cert,
      });
      clients.push(client);
      return client;
    },
    async openPlain() {
      const client = await openTcp(port('mqtt'));
      clients.push(client);
      return client;
    },
    events: (device, type) =>
      memory
        .stream(device.stream)
        .filter((event) => type === undefined || event.type === type)
        .map((event) => ({
          type: event.type,
          data: JSON.parse(event.payload.toString()) as ReadEvent['data'],
          metadata: JSON.parse(event.metadata.toString()) as ReadEvent['metadata'],
        })),
    async stop() {
      memory.faults.stalled = false;
      await broker.stop();
      await subscription.stop();
      await devices.stop();
      for (const client of clients) client.socket.destroy();
    },
  };
}

/** Waits until something is so; the deadline is generous, since nothing is timed here. */
export async function eventually(isSo: () => boolean, what: string, deadlineMs = 15_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`never became so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
