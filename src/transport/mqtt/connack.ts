import mqttPacket from 'mqtt-packet';

/** Return codes of MQTT 3.1.1 §3.2.2.3. */
export type ConnackCode = 1 | 2 | 3 | 4 | 5;

/** A refusing CONNACK as bytes: aedes sends none when `preConnect` refuses (A11). */
export function connack(returnCode: ConnackCode): Buffer {
  return mqttPacket.generate({ cmd: 'connack', returnCode, sessionPresent: false });
}
