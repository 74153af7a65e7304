import type { InboundPublish, PacketParser } from './aedes-internals.js';
import type { Audience } from './audience.js';
import type { Connection, DeviceSession } from './connection.js';
import type { MqttLimits } from './limits.js';
import type { Route, Routes } from './routes.js';
import { readShared } from './shared-reads.js';

/** A PUBLISH on its way through the gate. */
export interface InboundMessage {
  /** As on the wire. */
  readonly topic: string;
  /** Absent when the device may not publish there. */
  readonly route: Route | undefined;
  readonly qos: 0 | 1 | 2;
  /** MQTT packet identifier; a will and QoS 0 have none. */
  readonly messageId: number | undefined;
  readonly payload: Buffer;
}

/** A PUBLISH or a will as aedes has it. */
export function inboundMessage({ routes }: DeviceSession, packet: InboundPublish): InboundMessage {
  const topic = packet.wireTopic ?? packet.topic;
  const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
  return { topic, route: routes.of(topic), qos: packet.qos, messageId: packet.messageId, payload };
}

const PUBLISH = 3;
const DUP = 0x08;
/** Bytes of a remaining length (MQTT 3.1.1 §2.2.3). */
const LENGTH_BYTES = 4;

/**
 * Takes publishes from the bytes of a connection, past mqtt-packet and aedes: those at QoS 0 and 1, complete in their chunk, on a
 * topic where the device may publish and that nobody hears. The way through both costs more than all that Fleetlog does with a
 * message: a dozen views of the chunk, a packet object, an immediate and two look-ups of subscribers (bench `ingest`).
 *
 * Everything else goes the long way, from the first such packet to the end of its chunk, so that nothing is overtaken: what is
 * ill-formed, forbidden, heard, QoS 2, split over two chunks, or no PUBLISH at all.
 *
 * A chunk that comes while nothing waits before it is looked through as the socket hands it over, before it is buffered; what was
 * buffered, when aedes hands it to its parser. Node's way through the buffer takes a tick and an event for each chunk, which is as
 * much as taking a message.
 *
 * @param gate is handed each publish, synchronously and in order
 */
export function divertPublishes(
  connection: Connection,
  limits: Pick<MqttLimits, 'packetBytes'>,
  audience: Audience,
  gate: { take(connection: Connection, message: InboundMessage): void },
): void {
  const { client, socket, valve } = connection;
  const parser = client._parser;
  const parse = parser.parse.bind(parser);
  const push = socket.push.bind(socket);

  if (!readShared(socket, takeFresh)) {
    socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
      const taken = Buffer.isBuffer(chunk) ? takeFresh(chunk) : 0;
      if (taken === 0) return push(chunk, encoding);
      return taken === (chunk as Buffer).length || push((chunk as Buffer).subarray(taken));
    };
  }
  parser.parse = (chunk) => {
    const taken = isBetweenPackets(parser) ? take(chunk) : 0;
    if (taken === 0) return parse(chunk);
    return taken < chunk.length ? parse(chunk.subarray(taken)) : 0;
  };

  /** As `take`, for what has just come: only when all that came before has left the socket's buffer, the parser and aedes. */
  function takeFresh(chunk: Buffer): number {
    const isNext = socket.readableLength === 0 && client._parsingBatch <= 0 && isBetweenPackets(parser);
    return isNext && valve.admits() ? take(chunk) : 0;
  }

  /** Takes what stands at the beginning of a chunk. Answers how many bytes that was. */
  function take(chunk: Buffer): number {
    const routes = connection.session?.routes;
    if (routes === undefined || !client.connackSent) return 0;
    let at = 0;
    while (at < chunk.length && !client.closed) {
      const end = takeOne(chunk, at, routes);
      if (end === undefined) break;
      at = end;
    }
    if (at > 0) client._keepaliveTimer?.refresh();
    return at;
  }

  /** Takes the packet at `start`. Answers its end, or `undefined` when it has to go the long way. */
  function takeOne(bytes: Buffer, start: number, routes: Routes): number | undefined {
    const header = bytes[start] ?? 0;
    const qos = (header >> 1) & 3;
    if (header >> 4 !== PUBLISH || qos > 1 || (qos === 0 && (header & DUP) !== 0)) return undefined;
    let length = 0;
    let position = start + 1;
    for (let shift = 0; ; shift += 7) {
      const digit = bytes[position];
      if (digit === undefined || shift >= LENGTH_BYTES * 7) return undefined;
      position += 1;
      length |= (digit & 0x7f) << shift;
      if (digit < 0x80) break;
    }
    const end = position + length;
    const topicAt = position + 2;
    if (end > bytes.length || length > limits.packetBytes || topicAt > end) return undefined;
    const topicEnd = topicAt + bytes.readUInt16BE(position);
    const payloadAt = qos === 0 ? topicEnd : topicEnd + 2;
    if (payloadAt > end) return undefined;
    const route = routes.ofBytes(bytes, topicAt, topicEnd);
    const messageId = qos === 0 ? undefined : bytes.readUInt16BE(topicEnd);
    if (route === undefined || messageId === 0 || audience.hears(route)) return undefined;
    // Copied: the chunk is read into again (`shared-reads.ts`).
    const payload = Buffer.allocUnsafe(end - payloadAt);
    bytes.copy(payload, 0, payloadAt, end);
    gate.take(connection, { topic: route.topic, route, qos: qos === 0 ? 0 : 1, messageId, payload });
    return end;
  }
}

function isBetweenPackets(parser: PacketParser): boolean {
  return parser._list.length === 0 && parser._stateCounter === 0 && !parser.error;
}
