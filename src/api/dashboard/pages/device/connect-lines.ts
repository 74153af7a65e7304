/** Where and as what a device connects. */
export interface ConnectionFacts {
  readonly device: string;
  readonly host: string;
  readonly port: number;
  /** Name of a metric for the first message. */
  readonly metric: string;
}

export type ConnectKind = 'mosquitto' | 'mqttjs' | 'python' | 'espidf';

export const CONNECT_KINDS: readonly { readonly value: ConnectKind; readonly word: string }[] = [
  { value: 'mosquitto', word: 'mosquitto_pub' },
  { value: 'mqttjs', word: 'mqtt.js' },
  { value: 'python', word: 'Python' },
  { value: 'espidf', word: 'ESP-IDF' },
];

/** Lines that send one message, ready to be run beside the files of the bundle. */
export function connectLines(kind: ConnectKind, { device, host, port, metric }: ConnectionFacts): string {
  const topic = `devices/${device}/telemetry`;
  const payload = `{"${metric}": 21.5}`;
  switch (kind) {
    case 'mosquitto':
      return `mosquitto_pub -h ${host} -p ${port} --cafile ca.pem \\
  --cert certificate.pem --key private-key.pem \\
  -i ${device} -q 1 -t ${topic} -m '${payload}'`;
    case 'mqttjs':
      return `import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';

const client = await mqtt.connectAsync('mqtts://${host}:${port}', {
  clientId: '${device}',
  ca: readFileSync('ca.pem'),
  cert: readFileSync('certificate.pem'),
  key: readFileSync('private-key.pem'),
});
await client.publishAsync('${topic}', '${payload}', { qos: 1 });
await client.endAsync();`;
    case 'python':
      return `import paho.mqtt.client as mqtt  # pip install paho-mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="${device}")
client.tls_set("ca.pem", "certificate.pem", "private-key.pem")
client.connect("${host}", ${port})
client.loop_start()
client.publish("${topic}", '${payload}', qos=1).wait_for_publish()
client.disconnect()`;
    case 'espidf':
      return `extern const char ca[] asm("_binary_ca_pem_start");
extern const char certificate[] asm("_binary_certificate_pem_start");
extern const char key[] asm("_binary_private_key_pem_start");

esp_mqtt_client_config_t config = {
    .broker.address.uri = "mqtts://${host}:${port}",
    .broker.verification.certificate = ca,
    .credentials.client_id = "${device}",
    .credentials.authentication.certificate = certificate,
    .credentials.authentication.key = key,
};
esp_mqtt_client_handle_t client = esp_mqtt_client_init(&config);
esp_mqtt_client_start(client);
esp_mqtt_client_enqueue(client, "${topic}", "${payload.replaceAll('"', '\\"')}", 0, 1, 0, true);`;
  }
}
