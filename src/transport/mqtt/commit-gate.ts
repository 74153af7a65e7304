import type { DeviceCommand } from '../../actors/device/commands.js';
import type { DisconnectReason } from '../../actors/device/events.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { EntityDirectory, Rejection } from '../../actors/kernel/ports/entities.js';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import { closeConnection, type Connection, type DeviceSession } from './connection.js';
import { decodeUplink } from './dialects/native.js';
import { toRejectMessage, type MessageRefusal } from './dialects/refusal.js';
import { GateEntry, type Acknowledge } from './gate-entry.js';
import { GateLane } from './gate-lane.js';
import type { MqttLimits } from './limits.js';
import type { MessageResult, MqttMetrics } from './metrics.js';
import type { InboundMessage } from './publish-intake.js';
import type { ReadTurns } from './read-turns.js';

const SWEEP_MS = 1_000;
/** A look that is later than this comes after a stall of the process. */
const STALL_MS = 500;
const RETRY_MS = 20;
/** Rough cost of an entry beside its payload: objects, topic, callback. */
const ENTRY_OVERHEAD_BYTES = 512;

/** Publishes between their arrival and their commit. */
export interface GateLoad {
  readonly publishes: number;
  readonly bytes: number;
  /** How long the oldest of them has waited; 0 when none does. */
  readonly oldestSeconds: number;
  /** At the bound of the node: publishers are not read, REST refuses writes. */
  readonly isFull: boolean;
}

export interface CommitGateOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly limits: MqttLimits;
  readonly turns: Pick<ReadTurns, 'spend'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MqttMetrics;
  /** Tells a live device why its message was refused. */
  readonly tellRefusal: (session: DeviceSession, topic: string, rejection: Rejection, id: string | undefined) => void;
  /** Passes on a message that was taken past aedes, to whoever has subscribed since. */
  readonly forward: (message: InboundMessage) => void;
}

/**
 * Between a PUBLISH and its acknowledgement: the message becomes a command, the command takes its place in the device's inbox
 * in the same turn, and it is acknowledged when its events are committed, in the order of arrival. What can't be committed is
 * never acknowledged: after 20 s, or when the entity gives up, the socket is closed.
 */
export interface CommitGate {
  /**
   * @param done called once to acknowledge and forward, or never when the connection was closed instead; without it the gate
   * writes the PUBACK itself
   */
  take(connection: Connection, message: InboundMessage, done?: Acknowledge): void;
  /** What waits for its commit in this node; counted anew at each call. */
  waiting(): GateLoad;
  /** The client of a connection is gone: what it sent is still decided, but nobody is acknowledged. */
  connectionEnded(connection: Connection): void;
  stop(): void;
}

export function createCommitGate(options: CommitGateOptions): CommitGate {
  const { devices, limits, turns, clock, metrics } = options;
  const lanes = new Map<Connection, GateLane>();
  const pausedByNode = new Set<Connection>();
  const waiting = { publishes: 0, bytes: 0 };
  const sweepMs = Math.min(SWEEP_MS, Math.max(20, limits.holdMs / 4));
  let sweptAt = clock.monotonic();

  const isFull = (): boolean => waiting.publishes >= limits.waitingPublishes || waiting.bytes >= limits.waitingBytes;
  const oldestSeconds = (): number => {
    let oldest = clock.monotonic();
    const now = oldest;
    for (const { entries } of lanes.values()) oldest = Math.min(oldest, entries[0]?.arrivedAt ?? now);
    return (now - oldest) / 1000;
  };
  const forget = (entry: GateEntry): void => {
    waiting.publishes -= 1;
    waiting.bytes -= entry.bytes;
  };
  const count = ({ message }: GateEntry, result: MessageResult): void =>
    metrics.countMessage(message.route?.uplink.kind ?? 'other', message.qos, result);

  /** Closes a lane's connection without acknowledging anything that still waits in it. */
  function giveUp(lane: GateLane, reason: DisconnectReason, result: MessageResult): void {
    for (const entry of lane.abandon()) {
      forget(entry);
      count(entry, result);
    }
    closeConnection(lane.connection, reason);
    resumeNode();
  }

  function acknowledge(lane: GateLane, entry: GateEntry, rejection?: Rejection, isRepeat = false): boolean {
    metrics.gateSeconds.observe((clock.monotonic() - entry.arrivedAt) / 1000);
    count(entry, rejection ? 'rejected' : isRepeat ? 'duplicate' : 'accepted');
    const { message, done } = entry;
    const isForwarded = !rejection && !isRepeat;
    if (done) {
      lane.pubacks.flush();
      done(isForwarded);
    } else {
      if (message.messageId !== undefined) lane.pubacks.add(message.messageId);
      if (isForwarded) options.forward(message);
    }
    if (rejection) {
      metrics.messagesRejected.inc(1, { reason: rejection.code });
      lane.countRefusal();
      const id = entry.command.type === 'RejectMessage' ? entry.command.message.id : undefined;
      if (!lane.ended) options.tellRefusal(lane.session, message.topic, rejection, id);
    }
    return true;
  }

  /** Called by the entity, which no fault of the broker may reach. */
  function finish(lane: GateLane, entry: GateEntry): boolean {
    try {
      return conclude(lane, entry);
    } catch (error) {
      options.logger.error({ err: error }, 'A publish could not be concluded; its connection is closed');
      giveUp(lane, 'PROTOCOL_ERROR', 'failed');
      return false;
    }
  }

  /** An outcome without a journaled fact acknowledges nothing. */
  function conclude(lane: GateLane, entry: GateEntry): boolean {
    const { outcome } = entry;
    if (!outcome) return false;
    forget(entry);
    if (waiting.publishes * 4 < limits.waitingPublishes * 3 && waiting.bytes * 4 < limits.waitingBytes * 3)
      resumeNode();
    switch (outcome.kind) {
      case 'accepted':
        return acknowledge(lane, entry, undefined, outcome.recorded === undefined);
      case 'rejected':
        if (outcome.recorded) return acknowledge(lane, entry, outcome.rejection);
        count(entry, 'superseded');
        giveUp(lane, reasonOfRefusal(outcome.rejection.code), 'superseded');
        return false;
      case 'failed':
        count(entry, 'failed');
        options.logger.warn({ code: outcome.code }, 'A publish could not be journaled; its connection is closed');
        giveUp(lane, outcome.code === 'SHUTTING_DOWN' ? 'SERVER_STOPPED' : 'JOURNAL_STALLED', 'failed');
        return false;
    }
  }

  const host = {
    enqueue: (session: DeviceSession, entry: GateEntry): boolean => devices.enqueue(session.stream, entry),
    finish,
    now: () => clock.monotonic(),
  };

  function laneOf(connection: Connection, session: DeviceSession): GateLane {
    let lane = lanes.get(connection);
    if (!lane) {
      lanes.set(connection, (lane = new GateLane(connection, session, host, limits)));
      lane.ended = connection.ended;
    }
    return lane;
  }

  function resumeNode(): void {
    for (const connection of pausedByNode) connection.valve.open('node');
    pausedByNode.clear();
  }

  function sweep(): void {
    const now = clock.monotonic();
    // The process stood still: outcomes may have come meanwhile, and are read before the next look.
    const wasLate = now - sweptAt > sweepMs + STALL_MS;
    sweptAt = now;
    if (wasLate) return;
    for (const [connection, lane] of lanes) {
      const head = lane.entries[0];
      if (head && now - head.arrivedAt > limits.holdMs) {
        options.logger.warn(
          { waiting: lane.entries.length },
          'The journal stalled; a connection is closed unacknowledged',
        );
        giveUp(lane, 'JOURNAL_STALLED', 'stalled');
      } else if (head || connection.valve.isClosed()) {
        // It is us who don't read: its PINGREQ may be waiting behind what is held.
        connection.client._keepaliveTimer?.refresh();
      }
      if (lane.ended && lane.entries.length === 0) lanes.delete(connection);
    }
    metrics.gateWaiting.set(waiting.publishes);
  }
  const sweeper = setInterval(sweep, sweepMs).unref();
  const retrier = setInterval(() => {
    for (const lane of lanes.values()) if (lane.untaken > 0) lane.offerUntaken();
  }, RETRY_MS).unref();

  return {
    take(connection, message, done) {
      const { session } = connection;
      if (!session) throw new Error('a publish came before its connection was admitted');
      const lane = laneOf(connection, session);
      const command = commandOf(message, session, limits.payloadBytes);
      const bytes = message.payload.length + ENTRY_OVERHEAD_BYTES;
      waiting.publishes += 1;
      waiting.bytes += bytes;
      turns.spend();
      lane.push(new GateEntry(lane, command, session.origin, message, bytes, clock.monotonic(), done));
      lane.charge(message.payload.length);
      if (isFull()) {
        connection.valve.close('node');
        pausedByNode.add(connection);
      }
    },
    waiting: () => ({ ...waiting, oldestSeconds: oldestSeconds(), isFull: isFull() }),
    connectionEnded(connection) {
      pausedByNode.delete(connection);
      const lane = lanes.get(connection);
      if (!lane) return;
      lane.ended = true;
      lane.stopTimers();
      if (lane.entries.length === 0) lanes.delete(connection);
    },
    stop() {
      clearInterval(sweeper);
      clearInterval(retrier);
      for (const lane of lanes.values()) lane.stopTimers();
    },
  };
}

/** Turns a publish into the command for its device; what is refused becomes the command that journals the refusal. */
function commandOf(
  { topic, route, payload }: InboundMessage,
  session: DeviceSession,
  payloadBytes: number,
): DeviceCommand {
  const { sessionEpoch } = session;
  const refuse = (refusal: MessageRefusal): DeviceCommand =>
    toRejectMessage({ topic, payload, sessionEpoch, ...refusal });
  if (route === undefined) {
    return refuse({ code: 'TOPIC_FORBIDDEN', detail: 'The device may not publish on this topic.' });
  }
  if (payload.length > payloadBytes) {
    return refuse({ code: 'PAYLOAD_TOO_LARGE', detail: `A payload has at most ${payloadBytes} bytes.` });
  }
  const decoded = decodeUplink(route.uplink, payload, sessionEpoch);
  return decoded.kind === 'command' ? decoded.command : refuse(decoded);
}

function reasonOfRefusal(code: string): DisconnectReason {
  switch (code) {
    case 'DEVICE_DISABLED':
      return 'DEVICE_DISABLED';
    case 'CREDENTIAL_REVOKED':
      return 'CREDENTIAL_REVOKED';
    case 'DEVICE_UNKNOWN':
      return 'DEVICE_DELETED';
    default:
      return 'TAKEN_OVER';
  }
}
