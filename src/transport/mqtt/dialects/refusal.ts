import { createHash } from 'node:crypto';
import type { RejectMessage } from '../../../actors/device/commands.js';
import type { ErrorCode } from '../../../actors/kernel/errors.js';

/** Why a message of a device was refused. */
export interface MessageRefusal {
  readonly code: ErrorCode;
  /** One sentence for people. */
  readonly detail: string;
  /** JSON pointer into the payload. */
  readonly pointer?: string;
  /** The device's own message id, when one could be read. */
  readonly id?: string;
}

const KEPT_PAYLOAD_BYTES = 4096;
const KEPT_TOPIC_CHARACTERS = 256;

/** The command that journals a refused message: the beginning of its payload as evidence, and the hash of all of it. */
export function toRejectMessage(
  message: { readonly topic: string; readonly payload: Buffer; readonly sessionEpoch: number } & MessageRefusal,
): RejectMessage {
  return {
    type: 'RejectMessage',
    sessionEpoch: message.sessionEpoch,
    message: {
      ...refusalMembers(message),
      payload: message.payload.toString('base64', 0, KEPT_PAYLOAD_BYTES),
      payloadSha256: createHash('sha256').update(message.payload).digest('hex'),
      payloadBytes: message.payload.length,
    },
  };
}

/** Payload for the device's errors topic (`interfaces.md` §3). */
export function errorNotice(refusal: { readonly topic: string } & MessageRefusal): Buffer {
  return Buffer.from(JSON.stringify(refusalMembers(refusal)));
}

function refusalMembers({ code, topic, detail, pointer, id }: { readonly topic: string } & MessageRefusal) {
  return {
    code,
    topic: storableTopic(topic),
    detail,
    ...(pointer === undefined ? {} : { pointer }),
    ...(id === undefined ? {} : { id }),
  };
}

/** A forbidden topic may be 65,535 bytes of anything; projections hold neither U+0000 nor lone surrogates (SEC-112). */
function storableTopic(topic: string): string {
  return topic.slice(0, KEPT_TOPIC_CHARACTERS).toWellFormed().replaceAll('\0', '\u{FFFD}');
}
