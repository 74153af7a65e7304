import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { DeviceCredential } from './credential-folder.js';
import { createFaultyLink } from './faulty-link.js';
import type { Fault } from './faults.js';
import type { Random } from './random.js';
import { createSendBuffer, type OutgoingMessage } from './send-buffer.js';

/** Records, each counted once per send. */
export interface DeviceStatistics {
  /** Handed to the connection, repeated sends included. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Waiting for their acknowledgement, sent or not. */
  readonly buffered: number;
  /** Given up because the buffer was full. */
  readonly dropped: number;
}

export interface DeviceClient {
  /** Sends with QoS 1, now or as soon as there is a connection, again and again until it is acknowledged. */
  send(message: OutgoingMessage): void;
  statistics(): DeviceStatistics;
  isConnected(): boolean;
  /** Why the last connection failed or ended, for people. */
  lastFault(): string | undefined;
  /** Waits up to `flushMs` for acknowledgements while there is a connection, then says good-bye and closes. */
  stop(flushMs: number): Promise<void>;
}

export interface DeviceClientOptions {
  readonly deviceId: string;
  /** `mqtts://host:port` over mutual TLS, or `mqtt://host:port` without any credential. */
  readonly mqttUrl: string;
  readonly credential: DeviceCredential;
  readonly random: Random;
  readonly nextFault: () => Fault;
  /** After each acknowledgement and each change of the connection. */
  readonly onChange?: () => void;
  /** @default 10000 */
  readonly maxBufferedRecords?: number;
}

/** Less than the platform's window of 1,024 message ids per device, so that it knows every record that is sent again. */
const MAX_RECORDS_ON_WAY = 1_000;
/** Less than the 100 publishes of a connection that the platform holds before it stops to read. */
const MAX_MESSAGES_ON_WAY = 50;
const KEEP_ALIVE_SECONDS = 30;
const CONNECT_TIMEOUT_MS = 10_000;
/** First pause before a new connection; doubled with each failure. The platform allows five at once, then one a second. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 15_000;
const GOOD_BYE_MS = 500;

/**
 * A device that measures on while there is no connection. mqtt.js connects once per client and its own store and reconnect are
 * off: what is unacknowledged lives in one place, the buffer, and is sent again in its old order.
 */
export function connectDevice(options: DeviceClientOptions): DeviceClient {
  const { mqttUrl, random, nextFault, onChange = () => undefined, maxBufferedRecords = 10_000 } = options;
  const connectionOptions = mqttOptions(options);
  const buffer = createSendBuffer({
    maxRecords: maxBufferedRecords,
    maxMessagesOnWay: MAX_MESSAGES_ON_WAY,
    maxRecordsOnWay: MAX_RECORDS_ON_WAY,
  });
  let client: MqttClient;
  let isConnected = false;
  let isStopped = false;
  let pauseMs = FIRST_PAUSE_MS;
  let reconnect: NodeJS.Timeout | undefined;
  let fault: string | undefined;
  let sent = 0;
  let acknowledged = 0;
  /** Ends the wait of `stop`. */
  let whenFlushed: () => void = () => undefined;

  const transmit = (message: OutgoingMessage): void => {
    const sender = client;
    sent += message.records;
    sender.publish(message.topic, message.payload, { qos: 1 }, (error) => {
      // A failed publish is sent again with the next connection; an old connection's answer says nothing about this one.
      if (error || sender !== client || !buffer.acknowledge(message)) return;
      acknowledged += message.records;
      pauseMs = FIRST_PAUSE_MS;
      pump();
      if (buffer.records() === 0) whenFlushed();
      onChange();
    });
  };
  const link = createFaultyLink({ nextFault, transmit });

  const pump = (): void => {
    if (!isConnected) return;
    for (let message = buffer.next(); message !== undefined; message = buffer.next()) link.send(message);
  };

  const connect = (): void => {
    const connecting = mqtt.connect(mqttUrl, connectionOptions);
    client = connecting;
    connecting.on('connect', () => {
      isConnected = true;
      pump();
      onChange();
    });
    connecting.on('error', (error) => (fault = error.message));
    connecting.once('close', () => {
      isConnected = false;
      link.clear();
      buffer.rewind();
      connecting.end(true);
      whenFlushed();
      if (isStopped) return;
      reconnect = setTimeout(connect, pauseMs * (1 - random() / 2)); // apart from each other after a server's restart
      pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
      onChange();
    });
  };
  connect();

  return {
    send(message) {
      buffer.push(message);
      pump();
    },
    statistics: () => ({ sent, acknowledged, buffered: buffer.records(), dropped: buffer.dropped() }),
    isConnected: () => isConnected,
    lastFault: () => fault,
    async stop(flushMs) {
      if (isConnected && buffer.records() > 0) {
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, flushMs);
          whenFlushed = () => {
            clearTimeout(late);
            resolve();
          };
        });
      }
      isStopped = true;
      clearTimeout(reconnect);
      link.clear();
      await close(client, buffer.records() > 0);
    },
  };
}

function mqttOptions({ deviceId, mqttUrl, credential }: DeviceClientOptions): IClientOptions {
  const { key, certificate, ca } = credential;
  return {
    clientId: deviceId,
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepalive: KEEP_ALIVE_SECONDS,
    // With a key mqtt.js turns mqtt:// into mqtts://.
    ...(new URL(mqttUrl).protocol === 'mqtts:' && { key, cert: certificate, ca }),
  };
}

/** DISCONNECT and the end of the socket; mqtt.js would wait for ever for acknowledgements or for a server that hangs. */
async function close(client: MqttClient, isUnacknowledged: boolean): Promise<void> {
  const late = setTimeout(() => client.stream.destroy(), GOOD_BYE_MS);
  await client.endAsync(isUnacknowledged || !client.connected);
  clearTimeout(late);
}
