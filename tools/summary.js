// What a person reads when everything is up.

/** Whether the environment leaves the local Kafka to us. */
export function wantsLocalKafka(environment = process.env) {
  return !environment.KAFKA_BROKERS || environment.KAFKA_BROKERS === 'local';
}

/** @param {{ url: string, mqtt: string | null, caFingerprint: string, dataDir: string, admin: import('../dist/api/access/first-admin.js').FirstAdmin }} ready @param {number} seconds @param {string} [device] */
export function summary(ready, seconds, device) {
  const tryNext = [
    'npx fleetlog device ls',
    device ? `npx fleetlog events tail --device ${device}` : 'npx fleetlog device create pump-7',
    'npx fleetlog status',
  ];
  const lines = [
    `Fleetlog is ready in ${seconds} s.`,
    `  Dashboard   ${ready.url}      ${signIn(ready.admin)}`,
    `  REST        ${ready.url}/api/v1`,
    ...(ready.mqtt ? [`  MQTT        ${ready.mqtt}     CA fingerprint SHA-256 ${colons(ready.caFingerprint)}`] : []),
    ...(ready.kafka
      ? [`  Kafka       ${ready.kafka}   topic ${ready.eventsTopic}, read it with isolation.level=read_committed`]
      : []),
    `  Admin token ${ready.tokenFile}`,
    `  Try next    ${tryNext.join('\n              ')}`,
    `  Stop        Ctrl-C. Data stays in ${ready.dataDir}; remove that folder to start afresh.`,
  ];
  return `${lines.join('\n')}\n`;
}

/** @param {import('../dist/api/access/first-admin.js').FirstAdmin} admin */
function signIn({ name, source, password }) {
  if (source === 'generated') return `user ${name}   password  ${password}   (shown once)`;
  const origin = source === 'environment' ? 'as set by FLEETLOG_ADMIN_PASSWORD' : 'as set at the first start';
  return `user ${name}   password ${origin}`;
}

function colons(hex) {
  return hex.toUpperCase().match(/../g).join(':');
}
