import { describe, expect, test } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/config.js';

const sentence = (environment: Record<string, string>): string => {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('configuration', () => {
  test('an empty environment gives the documented defaults', () => {
    expect(loadConfig({})).toMatchObject({
      dataDir: '.fleetlog',
      databaseUrl: undefined,
      kafka: { mode: 'auto', eventsTopic: 'fleetlog.events', checkpointTopic: 'fleetlog.checkpoints', ssl: false },
      http: { host: '127.0.0.1', port: 8080 },
      mqtt: { mqtts: 8883, mqtt: undefined, wss: undefined, publishRate: 1000 },
      shards: 8,
    });
  });

  test('the object is frozen to the last member', () => {
    const config = loadConfig({ KAFKA_BROKERS: 'a:1,b:2' });
    expect(Object.isFrozen(config) && Object.isFrozen(config.mqtt) && Object.isFrozen(config.kafka.brokers)).toBe(true);
    expect(config.kafka).toMatchObject({ mode: 'brokers', brokers: ['a:1', 'b:2'] });
  });

  test.each([
    ['HTTP_PORT', '65536'],
    ['HTTP_PORT', 'off'],
    ['MQTTS_PORT', '-1'],
    ['FLEETLOG_SHARDS', '0'],
    ['FLEETLOG_SHARDS', '257'],
    ['FLEETLOG_RATE_PUBLISH', 'many'],
    ['KAFKA_BROKERS', 'localhost'],
    ['KAFKA_SASL_MECHANISM', 'gssapi'],
    ['LOG_LEVEL', 'loud'],
  ])('%s=%s is refused in one sentence that names both', (name, value) => {
    const said = sentence({ [name]: value });
    expect(said).toContain(`${name} must be`);
    expect(said).toContain(JSON.stringify(value));
    expect(said.trim().split('\n')).toHaveLength(1);
  });

  test('a misspelt name is refused with the nearest one', () => {
    expect(sentence({ FLEETLOG_SHARD: '8' })).toBe(
      'FLEETLOG_SHARD is not a variable of Fleetlog; did you mean FLEETLOG_SHARDS?',
    );
    expect(sentence({ FLEETLOG_QQQQQQQQQQQQQQQQQQQQ: '1' })).toContain(
      'FLEETLOG_QQQQQQQQQQQQQQQQQQQQ is not a variable of Fleetlog',
    );
  });

  test('SEC-81 a short admin token is refused, and no secret stands in the sentence', () => {
    const said = sentence({ FLEETLOG_ADMIN_TOKEN: 'hunter2hunter2' });
    expect(said).toContain('FLEETLOG_ADMIN_TOKEN must be at least 32');
    expect(said).not.toContain('hunter2');
    expect(sentence({ DATABASE_URL: 'mysql://user:hunter2@host' })).not.toContain('hunter2');
  });

  test('an own Postgres asks for the passphrase of the authority', () => {
    expect(sentence({ DATABASE_URL: 'postgres://user@host/db' })).toContain('FLEETLOG_CA_PASSPHRASE must be set');
    expect(sentence({ DATABASE_URL: 'postgres://user@host/db', FLEETLOG_CA_PASSPHRASE: 'long enough to be one' })).toBe(
      'accepted',
    );
  });

  test('SEC-144 a secret may come from a file, without its last line end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetlog-config-'));
    try {
      const file = join(folder, 'token');
      writeFileSync(file, `${'t'.repeat(40)}\n`);
      chmodSync(file, 0o600);
      expect(loadConfig({ FLEETLOG_ADMIN_TOKEN_FILE: file }).adminToken).toBe('t'.repeat(40));
      expect(sentence({ FLEETLOG_ADMIN_TOKEN_FILE: join(folder, 'absent') })).toContain('which cannot be read');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what this version does not read is told, not passed over in silence', () => {
    expect(loadConfig({ INFLUX_URL: 'http://127.0.0.1:8086', HOME: '/' }).unread).toEqual(['INFLUX_URL']);
  });
});
