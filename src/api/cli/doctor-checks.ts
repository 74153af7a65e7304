import { X509Certificate } from 'node:crypto';
import { stat, statfs } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { ApiClient } from './client.js';
import type { SystemStatus } from './system-state.js';
import type { Settings } from './settings.js';
import type { Terminal } from './terminal.js';

/** What `doctor` says of one thing. A fault or a warning names its remedy. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'fault';
  readonly detail: string;
  readonly remedy?: string;
}

type Check = (parts: { readonly settings: Settings; readonly client: ApiClient }) => Promise<readonly Finding[]>;

const LEAST_NODE = [20, 19] as const;
const GIB = 1024 ** 3;
const LEAST_FREE_BYTES = GIB;
const LARGEST_SKEW_MS = 2_000;
const EXPIRES_SOON_MS = 30 * 24 * 3_600_000;
const LARGE_LAG_SECONDS = 30;
const CONNECT_MS = 3_000;
const SLOW_POSTGRES_SECONDS = 0.1;

/** On this machine alone; asked whether or not a server is known. */
export async function checkMachine(dataDir: string): Promise<readonly Finding[]> {
  return [checkNode(), await checkDisk(dataDir), ...(await checkSecrets(dataDir))];
}

/** Over the network, in the order in which one fault explains the next. */
export const SERVER_CHECKS: readonly Check[] = [checkReadiness, checkAuthority, checkStatus, checkMqttPort];

/** Whether a server that does not answer could start here at all: another program may have its ports. */
export async function checkPorts({ url }: Settings, environment: Terminal['environment']): Promise<readonly Finding[]> {
  const { hostname, port } = new URL(url);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return [];
  const ports = [
    ['HTTP_PORT', Number(environment['HTTP_PORT'] ?? (port || '8080'))],
    ['MQTTS_PORT', Number(environment['MQTTS_PORT'] ?? '8883')],
  ] as const;
  return Promise.all(
    ports.map(async ([name, number]): Promise<Finding> => {
      if (await isFree(number)) return { check: name, state: 'ok', detail: `port ${number} is free` };
      const remedy = `End the program that uses it, or set ${name} to another one.`;
      return { check: name, state: 'fault', detail: `port ${number} is taken`, remedy };
    }),
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = LEAST_NODE;
  const isFit = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  const detail = `Node ${process.versions.node}`;
  if (isFit) return { check: 'node', state: 'ok', detail };
  return { check: 'node', state: 'fault', detail, remedy: `Install Node ${LEAST_NODE.join('.')} or newer.` };
}

async function checkDisk(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir).catch(() => statfs('.'));
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free`;
  if (free >= LEAST_FREE_BYTES) return { check: 'disk', state: 'ok', detail };
  return { check: 'disk', state: 'warning', detail, remedy: 'Free some space: with a full disk nothing is accepted.' };
}

/** SEC-143. */
async function checkSecrets(dataDir: string): Promise<readonly Finding[]> {
  const path = join(dataDir, 'cli.json');
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || process.platform === 'win32') return [];
  if ((found.mode & 0o077) === 0) return [{ check: 'secrets', state: 'ok', detail: `${path} is its owner's alone` }];
  const detail = `${path} holds a token and others may read it`;
  return [{ check: 'secrets', state: 'fault', detail, remedy: `chmod 600 ${path}, and change the token.` }];
}

async function checkReadiness({ settings, client }: Parameters<Check>[0]): Promise<readonly Finding[]> {
  const before = Date.now();
  const { headers, body } = await client.call({ method: 'GET', path: '/readyz', allow: [503] });
  const after = Date.now();
  const { status, parts = {} } = body as {
    readonly status: string;
    readonly parts?: Readonly<Record<string, { readonly state: 'ok' | 'degraded' | 'down'; readonly reason?: string }>>;
  };
  const states = { ok: 'ok', degraded: 'warning', down: 'fault' } as const;
  return [
    { check: 'server', state: 'ok', detail: `${settings.url} answers in ${after - before} ms: ${status}` },
    ...Object.entries(parts).map(([name, { state, reason }]): Finding => ({
      check: name,
      state: states[state],
      detail: reason ?? state,
      ...(state !== 'ok' && { remedy: 'The server goes on by itself once it is back; its log tells more.' }),
    })),
    checkClock(headers.get('date'), before, after),
  ];
}

/** The header has whole seconds: anything within the second it names is no difference. */
function checkClock(date: string | null, before: number, after: number): Finding {
  const server = Date.parse(date ?? '');
  if (Number.isNaN(server)) return { check: 'clock', state: 'warning', detail: 'the server tells no time' };
  const skew = Math.max(server - after, before - (server + 999), 0);
  const detail = skew === 0 ? 'agrees with the server' : `${(skew / 1000).toFixed(1)} s from the server's`;
  if (skew <= LARGEST_SKEW_MS) return { check: 'clock', state: 'ok', detail };
  return { check: 'clock', state: 'warning', detail, remedy: 'Let both machines set their clocks by NTP.' };
}

async function checkAuthority({ client }: Parameters<Check>[0]): Promise<readonly Finding[]> {
  const { body } = await client.call({ method: 'GET', path: '/ca.pem' });
  const { validTo } = new X509Certificate(body as string);
  const left = Date.parse(validTo) - Date.now();
  const detail = `valid to ${new Date(validTo).toISOString()}`;
  const check = 'certificate authority';
  if (left > EXPIRES_SOON_MS) return [{ check, state: 'ok', detail }];
  return [{ check, state: left > 0 ? 'warning' : 'fault', detail, remedy: 'Devices need certificates of a new one.' }];
}

async function checkStatus({ client }: Parameters<Check>[0]): Promise<readonly Finding[]> {
  const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
  const { version, relay, shards, quarantined, storage } = body as SystemStatus;
  const token: Finding = { check: 'token', state: 'ok', detail: `accepted by version ${version}` };
  return [token, checkPostgres(storage), ...quarantined.map(checkStream), checkRelay(relay, shards)];
}

function checkPostgres({ postgres, schema, latencySeconds }: SystemStatus['storage']): Finding {
  const detail = `Postgres ${postgres}, schema ${schema}, answers in ${(latencySeconds * 1_000).toFixed(1)} ms`;
  if (latencySeconds <= SLOW_POSTGRES_SECONDS) return { check: 'postgres', state: 'ok', detail };
  const remedy = 'Each PUBACK waits for it: look at its disk, its load and the network between.';
  return { check: 'postgres', state: 'warning', detail, remedy };
}

/** A journal that somebody has changed past Fleetlog, or a disk has. */
function checkStream({ detail }: { readonly detail: string }): Finding {
  const remedy = 'Restore it from a backup; until then the stream is refused, and all others go on.';
  return { check: 'stream', state: 'fault', detail, remedy };
}

function checkRelay(relay: SystemStatus['relay'], shards: SystemStatus['shards']): Finding {
  const lagEvents = shards.reduce((sum, shard) => sum + shard.lagEvents, 0);
  const lagSeconds = Math.max(0, ...shards.map((shard) => shard.lagSeconds));
  const detail = `${relay.state}, ${lagEvents} events behind`;
  if (relay.state === 'off') {
    return { check: 'relay', state: 'warning', detail, remedy: 'Set KAFKA_BROKERS; events wait safely.' };
  }
  if (relay.state !== 'waiting' && lagSeconds <= LARGE_LAG_SECONDS) {
    return { check: 'relay', state: 'ok', detail };
  }
  const remedy = `${relay.reason ?? 'Kafka takes less than is recorded.'} Events wait safely in the journal.`;
  return { check: 'relay', state: 'warning', detail, remedy };
}

async function checkMqttPort({ settings }: Parameters<Check>[0]): Promise<readonly Finding[]> {
  if (settings.mqttUrl === undefined) return [];
  const { hostname, port } = new URL(settings.mqttUrl);
  const isOpen = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: CONNECT_MS });
    const settle = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
  if (isOpen) return [{ check: 'mqtt port', state: 'ok', detail: `${settings.mqttUrl} takes connections` }];
  const detail = `${settings.mqttUrl} takes no connections`;
  return [
    { check: 'mqtt port', state: 'fault', detail, remedy: 'See MQTTS_PORT, and firewalls between here and there.' },
  ];
}
