/** Bounds of the broker (`security.md` §1). Times in milliseconds, rates per second, sizes in bytes. */
export interface MqttLimits {
  /** TLS handshake, from accept. */
  readonly handshakeMs: number;
  /** Everything up to CONNACK, from accept. */
  readonly connectMs: number;
  /** Declared length of a packet before CONNACK was sent. */
  readonly bytesBeforeConnack: number;
  /** Declared length of any packet. */
  readonly packetBytes: number;
  readonly payloadBytes: number;
  /** Client ids and user names. */
  readonly textBytes: number;
  readonly filtersPerSubscribe: number;
  readonly subscriptionsPerSession: number;
  /** Publishes of one connection that wait for their commit before its socket is not read any more. */
  readonly unacknowledged: number;
  /** Their bytes, likewise. */
  readonly unacknowledgedBytes: number;
  /** QoS 2 messages of one connection that wait for PUBREL. */
  readonly incomingQos2: number;
  /** Publishes per second and device; 0 = no limit. */
  readonly publishRate: number;
  readonly publishBurst: number;
  readonly bytesPerSecond: number;
  readonly connectRate: number;
  readonly connectBurst: number;
  readonly handshakesInFlight: number;
  readonly connections: number;
  /** Wrong tokens in a minute, before only one try a second is heard for a minute. */
  readonly wrongTokensPerDevice: number;
  readonly wrongTokensPerAddress: number;
  /** A keep-alive of 0 or above counts as this. */
  readonly keepAliveSeconds: number;
  /** Unsent bytes to a reader before it is cut. */
  readonly unsentBytes: number;
  /** Time without progress of a reader before it is cut. */
  readonly drainMs: number;
  readonly queueMessages: number;
  readonly queueBytes: number;
  readonly queueMs: number;
  /** Life of a stored session after its last connection. */
  readonly sessionMs: number;
  /** Longest wait of a publish for its commit; then the socket is closed without acknowledgement. */
  readonly holdMs: number;
  /** Publishes and bytes that wait for their commit in the whole node, before publishers are not read any more. */
  readonly waitingPublishes: number;
  readonly waitingBytes: number;
  /** Publishes read in one turn of the event loop before the sockets take turns. */
  readonly publishesPerTurn: number;
  /** Refused messages in a minute, before a connection is read at one message a second. */
  readonly refusalsPerMinute: number;
  /** All of `stop()`. */
  readonly stopMs: number;
}

const KIB = 1024;

/** The defaults of `security.md` §1. */
export const MQTT_LIMITS: MqttLimits = Object.freeze({
  handshakeMs: 5_000,
  connectMs: 10_000,
  bytesBeforeConnack: 8 * KIB,
  packetBytes: 256 * KIB,
  payloadBytes: 128 * KIB,
  textBytes: 256,
  filtersPerSubscribe: 8,
  subscriptionsPerSession: 50,
  unacknowledged: 100,
  unacknowledgedBytes: 512 * KIB,
  incomingQos2: 100,
  publishRate: 1_000,
  publishBurst: 5_000,
  bytesPerSecond: 4 * KIB * KIB,
  connectRate: 1,
  connectBurst: 5,
  handshakesInFlight: 128,
  connections: 20_000,
  wrongTokensPerDevice: 10,
  wrongTokensPerAddress: 100,
  keepAliveSeconds: 1_200,
  unsentBytes: KIB * KIB,
  drainMs: 3_000,
  queueMessages: 1_000,
  queueBytes: KIB * KIB,
  queueMs: 24 * 3_600_000,
  sessionMs: 7 * 24 * 3_600_000,
  holdMs: 20_000,
  waitingPublishes: 10_000,
  waitingBytes: 64 * KIB * KIB,
  publishesPerTurn: 500,
  refusalsPerMinute: 100,
  stopMs: 5_000,
});
