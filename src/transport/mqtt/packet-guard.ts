import type { DisconnectReason } from '../../actors/device/events.js';
import type { BrokerClient, InboundPacket, PacketParser } from './aedes-internals.js';
import type { MqttLimits } from './limits.js';
import { connack } from './connack.js';

const UNACCEPTABLE_PROTOCOL = 1;
const WILL_QOS_RESERVED = 3;

/**
 * Checks in front of aedes, inside the parser of one connection: declared lengths before a byte is buffered (A5, SEC-50),
 * ill-formed text (A6, SEC-52), and what MQTT 3.1.1 forbids but the parser lets pass (SEC-57).
 *
 * @param blame called with the reason before the parser's error closes the connection
 */
export function guardParser(client: BrokerClient, limits: MqttLimits, blame: (reason: DisconnectReason) => void): void {
  const parser = client._parser;
  const refuse = (sentence: string, reason: DisconnectReason = 'PROTOCOL_ERROR'): void => {
    blame(reason);
    parser._emitError(new Error(sentence));
  };

  const parseLength = parser._parseLength.bind(parser);
  parser._parseLength = () => {
    const complete = parseLength();
    const limit = client.connackSent ? limits.packetBytes : limits.bytesBeforeConnack;
    if (!complete || parser.packet.length <= limit) return complete;
    refuse('packet too large', 'PACKET_TOO_LARGE');
    return false;
  };

  const parseString = parser._parseString.bind(parser);
  parser._parseString = () => {
    const text = parseString();
    // Broken bytes were decoded to U+FFFD; the caller reports null as a field that cannot be parsed.
    return text === null || text.includes('\u{FFFD}') || text.includes('\0') ? null : text;
  };

  const parsePayload = parser._parsePayload.bind(parser);
  parser._parsePayload = () => {
    const isComplete = parser.packet.length === 0 || parser._list.length >= parser.packet.length;
    if (isComplete && parser.packet.cmd === 'connect' && !hasKnownProtocolLevel(parser)) {
      client.conn.write(connack(UNACCEPTABLE_PROTOCOL));
      refuse('unacceptable protocol level');
      return true;
    }
    const parsed = parsePayload();
    if (parsed && !parser.error) {
      const fault = faultOf(parser.packet, parser._pos);
      if (fault !== undefined) refuse(fault);
    }
    return parsed;
  };
  parser.prependListener('error', () => blame('PROTOCOL_ERROR'));
}

/** Whether the level byte behind the protocol name is 3 or 4; unreadable ones are the parser's own business. */
function hasKnownProtocolLevel(parser: PacketParser): boolean {
  const list = parser._list;
  if (list.length < 3) return true;
  const at = 2 + list.readUInt8(0) * 256 + list.readUInt8(1);
  if (at >= parser.packet.length || at > 8) return true;
  const level = list.readUInt8(at);
  return level === 3 || level === 4;
}

/** What of MQTT 3.1.1 a parsed packet breaks; `position` is the end of its last field. */
function faultOf(packet: InboundPacket & { readonly length: number }, position: number): string | undefined {
  if (position > packet.length) return 'a field reaches beyond its packet';
  switch (packet.cmd) {
    case 'connect': {
      if (position !== packet.length) return 'bytes after the payload';
      if ((packet.protocolId === 'MQTT') !== (packet.protocolVersion === 4))
        return 'protocol name and level do not fit';
      if (packet.password !== undefined && packet.username === undefined) return 'a password without a user name';
      return (packet.will?.qos as number | undefined) === WILL_QOS_RESERVED ? 'QoS 3' : undefined;
    }
    case 'publish':
      if (packet.qos === 0) return packet.dup ? 'DUP with QoS 0' : undefined;
      return isPacketId(packet.messageId) ? undefined : 'packet identifier 0';
    case 'subscribe':
      if (packet.subscriptions.length === 0) return 'SUBSCRIBE without a filter';
      return isPacketId(packet.messageId) ? undefined : 'packet identifier 0';
    case 'unsubscribe':
      if (packet.unsubscriptions.length === 0) return 'UNSUBSCRIBE without a filter';
      return isPacketId(packet.messageId) ? undefined : 'packet identifier 0';
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      if (packet.length !== 2) return 'bytes after the payload';
      return isPacketId(packet.messageId) ? undefined : 'packet identifier 0';
    case 'pingreq':
    case 'disconnect':
      return packet.length === 0 ? undefined : 'bytes after the payload';
    case 'connack':
    case 'suback':
    case 'unsuback':
    case 'pingresp':
    case 'auth':
      return 'a packet that only servers send';
  }
}

function isPacketId(messageId: number | undefined): boolean {
  return messageId !== undefined && messageId >= 1;
}
