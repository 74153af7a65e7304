import { randomBytes } from 'node:crypto';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { mutualTls, type EnrolledDevice } from './enrolled-device.js';

export interface DeviceLoadOptions {
  readonly device: EnrolledDevice;
  /** Of the mutual TLS listener, or of a proxy before it. */
  readonly port: number;
  readonly qos: 1 | 2;
  /** Publishes that are always open. */
  readonly inFlight: number;
  /** Wait between an acknowledgement and the publish that takes its place, ms. @default 0 */
  readonly pauseMs?: number;
  /** The first message has the number after it: another one for a second load of the same device. @default 0 */
  readonly after?: number;
  /** Bytes of a value that makes each message larger. @default 0 */
  readonly ballastBytes?: number;
  /** Called with the id of each acknowledged message. */
  readonly acknowledge: (id: string) => void;
  readonly client?: IClientOptions;
}

/** A device that publishes until it is told to finish, over as many connections as it takes. */
export interface DeviceLoad {
  readonly device: EnrolledDevice;
  readonly client: MqttClient;
  /** How often its connection ended so far. */
  readonly closes: number;
  /** How many messages were acknowledged so far. */
  readonly acknowledged: number;
  /** Sends no more and resolves when everything sent is acknowledged and the device has said goodbye. */
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/**
 * Starts a device under load. QoS 1 messages carry an id, so that a repeat is known by it; QoS 2 messages carry none: there
 * the packet identifier alone must do.
 */
export function startDeviceLoad(options: DeviceLoadOptions): DeviceLoad {
  const { device, qos, inFlight, pauseMs = 0, after = 0, ballastBytes = 0, acknowledge } = options;
  // Nothing that Postgres could compress away.
  const ballast = ballastBytes > 0 ? { ballast: randomBytes(ballastBytes / 2).toString('hex') } : {};
  const client = mqtt.connect(
    mutualTls(device, options.port, {
      clean: false,
      reconnectPeriod: 100,
      reconnectOnConnackError: true,
      connectTimeout: 5_000,
      ...options.client,
    }),
  );
  const pauses = new Set<NodeJS.Timeout>();
  let sent = after;
  let open = 0;
  let closes = 0;
  let acknowledged = 0;
  let finishing = false;
  let finished: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finished = resolve;
  });

  const fill = (): void => {
    while (!finishing && open < inFlight) publishOne();
  };
  const publishOne = (): void => {
    const id = `${device.id}-${++sent}`;
    open++;
    const body = { values: { id, ...ballast }, ...(qos === 1 && { id }) };
    client.publish(`devices/${device.id}/telemetry`, JSON.stringify(body), { qos }, (error) => {
      if (!error) {
        acknowledge(id);
        acknowledged += 1;
      }
      // An error: the connection went while mqtt.js sent its store again, and it never sent this one. Not at once then: it
      // still walks its queue, and what is added there is refused in the same walk, for ever.
      if (error) setImmediate(oneLess);
      else if (pauseMs === 0) oneLess();
      else rest();
    });
  };
  const oneLess = (): void => {
    open--;
    if (finishing && open === 0) finished();
    fill();
  };
  const rest = (): void => {
    const timer = setTimeout(() => {
      pauses.delete(timer);
      oneLess();
    }, pauseMs);
    pauses.add(timer);
  };

  client.on('error', () => undefined); // refused while the server is away: mqtt.js tries again
  client.on('close', () => (closes += 1));
  client.once('connect', fill);
  return {
    device,
    client,
    get closes() {
      return closes;
    },
    get acknowledged() {
      return acknowledged;
    },
    async finish() {
      finishing = true;
      if (open > 0) await done;
      await client.endAsync();
    },
    async abandon() {
      finishing = true;
      for (const timer of pauses) clearTimeout(timer);
      await client.endAsync(true);
    },
  };
}
