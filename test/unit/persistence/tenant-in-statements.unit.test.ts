import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const SOURCE = new URL('../../../src/persistence/', import.meta.url);
const MIGRATIONS = new URL('../../../migrations/', import.meta.url);

/** Tables whose rows belong to a tenant. Those of the journal are keyed by the stream, which begins with it. */
const TABLES = [
  'device_index',
  'device_token',
  'telemetry_series',
  'idempotency',
  'mqtt_incoming',
  'password_verifier',
  'credential_use',
  'audit_entry',
  'device_connection',
  'device_credential',
];
const TENANT_TABLES = new RegExp(`\\b(?:from|into|update|join|delete from)\\s+(${TABLES.join('|')})\\b`);

function statements(text: string): string[] {
  return [...text.matchAll(/`([^`]*)`|'([^'\n]*)'/g)]
    .map(([, template, plain]) => template ?? plain ?? '')
    .filter((sql) => TENANT_TABLES.test(sql));
}

test('SEC-132 every statement on tenant data names the tenant', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const found = files.flatMap((name) =>
    statements(readFileSync(new URL(name, SOURCE), 'utf8')).map((sql) => ({ name, sql })),
  );
  expect(found.length).toBeGreaterThan(8);
  expect(found.filter(({ sql }) => !/\btenant\b/.test(sql))).toEqual([]);
});

test('SEC-132 every key of a tenant table begins with the tenant', () => {
  const sql = readdirSync(MIGRATIONS)
    .map((name) => readFileSync(new URL(name, MIGRATIONS), 'utf8'))
    .join('\n')
    .replaceAll(/--.*$/gm, ''); // a comment may hold the semicolon at which a definition ends
  for (const table of TABLES) {
    const definition = new RegExp(`create table ${table} \\([^;]*?primary key \\((\\w+)`).exec(sql);
    expect([table, definition?.[1]]).toEqual([table, 'tenant']);
  }
});
