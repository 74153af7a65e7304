import mqttPacket from 'mqtt-packet';

/** Return codes of MQTT 3.1.1 §3.2.2.3 that refuse. */
export const REFUSES = {
  unacceptableProtocol: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badCredentials: 4,
  notAuthorized: 5,
} as const;

type ReturnCode = (typeof REFUSES)[keyof typeof REFUSES];

/** A refused CONNECT: what the client sees, and what the log says. */
export class ConnectRefused extends Error {
  constructor(
    readonly returnCode: ReturnCode,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/** A refusing CONNACK as bytes: aedes sends none when `preConnect` refuses (A11). */
export function connack(returnCode: ReturnCode): Buffer {
  return mqttPacket.generate({ cmd: 'connack', returnCode, sessionPresent: false });
}
