/** Where and as what a device connects. */
export interface ConnectionFacts {
  readonly device: string;
  readonly host: string;
  readonly port: number;
  /** How it proves itself: by the files of the bundle over mutual TLS, or by a token over plain TCP. */
  readonly proof: 'certificate' | 'token';
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
export function connectLines(kind: ConnectKind, facts: ConnectionFacts): string {
  const { device, host, port, metric } = facts;
  const withToken = facts.proof === 'token';
  const topic = `devices/${device}/telemetry`;
  const payload = `{"${metric}": 21.5}`;
  switch (kind) {
    case 'mosquitto': {
      const proof = withToken
        ? `-u ${device} -P "$TOKEN"`
        : '--cafile ca.pem --cert certificate.pem --key private-key.pem';
      return `mosquitto_pub -h ${host} -p ${port} \\
  ${proof} \\
  -i ${device} -q 1 -t ${topic} -m '${payload}'`;
    }
    case 'mqttjs': {
      const proof = withToken
        ? `  username: '${device}',
  password: process.env.TOKEN,`
        : `  ca: readFileSync('ca.pem'),
  cert: readFileSync('certificate.pem'),
  key: readFileSync('private-key.pem'),`;
      return `// send.mjs, after: npm install mqtt
${withToken ? '' : "import { readFileSync } from 'node:fs';\n"}import mqtt from 'mqtt';

const client = await mqtt.connectAsync('${withToken ? 'mqtt' : 'mqtts'}://${host}:${port}', {
  clientId: '${device}',
${proof}
});
await client.publishAsync('${topic}', '${payload}', { qos: 1 });
await client.endAsync();`;
    }
    case 'python':
      return `# send.py, after: pip install paho-mqtt
${withToken ? 'import os\n' : ''}import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="${device}")
client.${withToken ? `username_pw_set("${device}", os.environ["TOKEN"])` : 'tls_set("ca.pem", "certificate.pem", "private-key.pem")'}
client.connect("${host}", ${port})
client.loop_start()
client.publish("${topic}", '${payload}', qos=1).wait_for_publish()
client.disconnect()`;
    case 'espidf':
      return espIdfLines(facts, topic, payload.replaceAll('"', '\\"'));
  }
}

/** The C of ESP-IDF 5: files are embedded by the build, and named after their file names. */
function espIdfLines({ device, host, port, proof }: ConnectionFacts, topic: string, payload: string): string {
  const send = `esp_mqtt_client_handle_t client = esp_mqtt_client_init(&config);
esp_mqtt_client_start(client);
esp_mqtt_client_enqueue(client, "${topic}", "${payload}", 0, 1, 0, true);`;
  if (proof === 'token') {
    return `esp_mqtt_client_config_t config = {
    .broker.address.uri = "mqtt://${host}:${port}",
    .credentials.client_id = "${device}",
    .credentials.username = "${device}",
    .credentials.authentication.password = TOKEN,
};
${send}`;
  }
  return `// CMakeLists.txt: idf_component_register(… EMBED_TXTFILES ca.pem certificate.pem private-key.pem)
extern const char ca[] asm("_binary_ca_pem_start");
extern const char certificate[] asm("_binary_certificate_pem_start");
extern const char key[] asm("_binary_private_key_pem_start");

esp_mqtt_client_config_t config = {
    .broker.address.uri = "mqtts://${host}:${port}",
    .broker.verification.certificate = ca,
    .credentials.client_id = "${device}",
    .credentials.authentication.certificate = certificate,
    .credentials.authentication.key = key,
};
${send}`;
}
