import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { nearestName } from './actors/kernel/nearest-name.js';

/**
 * The environment as one frozen, validated object (`docs/reference/configuration.md` is this table). A bad value or an unknown
 * `FLEETLOG_*` name ends the start with one sentence that names it.
 */
export interface Config {
  readonly dataDir: string;
  /** `undefined` = embedded Postgres under `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly kafka: {
    /** `auto` = `local` when Java and the fetched Kafka are there, else `off`. */
    readonly mode: 'auto' | 'local' | 'off' | 'brokers';
    readonly brokers: readonly string[];
    readonly eventsTopic: string;
    readonly checkpointTopic: string;
    readonly ssl: boolean;
    readonly sasl:
      { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string } | undefined;
  };
  /** First is the name used in links; all stand in the server certificate. */
  readonly publicHosts: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly http: { readonly host: string; readonly port: number };
  readonly mqtt: {
    readonly host: string | undefined;
    readonly mqtts: number | undefined;
    readonly mqtt: number | undefined;
    readonly wss: number | undefined;
    /** Publishes per second and device, 0 = no limit. */
    readonly publishRate: number;
  };
  readonly shards: number;
  readonly nodeId: string;
  /** `undefined` = generated into the data directory. */
  readonly adminToken: string | undefined;
  /** `undefined` = generated at the first start, kept later. */
  readonly adminPassword: string | undefined;
  readonly caPassphrase: string | undefined;
  readonly log: { readonly level: string; readonly format: 'pretty' | 'json' };
  /** Variables of the contract that are set although this version has nothing that reads them. */
  readonly unread: readonly string[];
}

type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** The start cannot go on: one sentence that says what to change. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

interface Variable {
  readonly default?: string;
  /** What holds when the variable is absent and has no fixed default. */
  readonly otherwise?: string;
  readonly schema: object;
  /** Completes the sentence "NAME must be …". */
  readonly expects: string;
  readonly secret?: true;
  /** What the reference says of it (`tools/docs.js`). */
  readonly meaning: string;
}

const PORT: Pick<Variable, 'schema' | 'expects'> = {
  schema: { format: 'port' },
  expects: 'a port number from 0 to 65535',
};
const PORT_OR_OFF: Pick<Variable, 'schema' | 'expects'> = {
  schema: { anyOf: [{ const: 'off' }, { format: 'port' }] },
  expects: '"off" or a port number from 0 to 65535',
};
const TOPIC: Pick<Variable, 'schema' | 'expects'> = {
  schema: { pattern: '^[A-Za-z0-9._-]{1,249}$' },
  expects: 'a Kafka topic name',
};
const TEXT: Pick<Variable, 'schema' | 'expects'> = { schema: { minLength: 1 }, expects: 'a text that is not empty' };

/** Every variable that the server reads. */
export const VARIABLES = {
  FLEETLOG_DATA_DIR: {
    default: '.fleetlog',
    ...TEXT,
    meaning:
      "Folder of the embedded Postgres, the local Kafka, the certificate authority's key and the admin token. Made with mode 0700.",
  },
  DATABASE_URL: {
    schema: { pattern: '^(embedded|postgres(ql)?://.+)$' },
    expects: '"embedded" or a URL such as postgres://user:password@host:5432/database',
    secret: true,
    otherwise: 'the embedded Postgres',
    meaning: 'Postgres 14 or newer. With it `FLEETLOG_CA_PASSPHRASE` must be set.',
  },
  KAFKA_BROKERS: {
    schema: { pattern: '^(local|off|[^,\\s:]+:\\d{1,5}(,[^,\\s:]+:\\d{1,5})*)$' },
    expects: '"local", "off" or host:port,host:port',
    otherwise: '`local` where Java 17 and Maven are found, else `off`',
    meaning:
      '`local` is a real single-node Apache Kafka under the data directory; with `off` events wait in the journal.',
  },
  KAFKA_TOPIC: { default: 'fleetlog.events', ...TOPIC, meaning: 'Topic of the events; one partition per shard.' },
  KAFKA_CHECKPOINT_TOPIC: {
    default: 'fleetlog.checkpoints',
    ...TOPIC,
    meaning: 'Compacted topic in which the relay keeps how far it is.',
  },
  KAFKA_SSL: {
    default: 'off',
    schema: { enum: ['on', 'off', 'true', 'false'] },
    expects: '"on" or "off"',
    meaning: 'TLS towards the brokers.',
  },
  KAFKA_SASL_MECHANISM: {
    schema: { enum: ['plain', 'scram-sha-256', 'scram-sha-512'] },
    expects: '"plain", "scram-sha-256" or "scram-sha-512"',
    otherwise: 'no SASL',
    meaning: 'Log in at the brokers with user name and password.',
  },
  KAFKA_SASL_USERNAME: { ...TEXT, otherwise: 'none', meaning: 'Needed with `KAFKA_SASL_MECHANISM`.' },
  KAFKA_SASL_PASSWORD: { ...TEXT, secret: true, otherwise: 'none', meaning: 'Needed with `KAFKA_SASL_MECHANISM`.' },
  FLEETLOG_PUBLIC_HOST: {
    schema: { pattern: '^[A-Za-z0-9.:_-]+(,[A-Za-z0-9.:_-]+)*$' },
    expects: 'a host name or address, or several with commas',
    otherwise: '`127.0.0.1`',
    meaning:
      'Names and addresses under which clients reach this server: they stand in its certificate, the first one in links.',
  },
  FLEETLOG_TRUSTED_PROXIES: {
    schema: { pattern: '^[0-9a-fA-F.:/]+(,[0-9a-fA-F.:/]+)*$' },
    expects: 'addresses or CIDR ranges with commas',
    otherwise: 'none',
    meaning: 'Who may set `X-Forwarded-*`.',
  },
  FLEETLOG_RATE_PUBLISH: {
    default: '1000',
    schema: { pattern: '^\\d{1,7}$' },
    expects: 'publishes per second and device, or 0 for no limit',
    meaning: 'Publishes per second and device; a device that is faster is read more slowly, nothing is dropped.',
  },
  HTTP_HOST: {
    default: '127.0.0.1',
    ...TEXT,
    meaning: 'Address of REST and metrics. On loopback only local host names are served.',
  },
  HTTP_PORT: { default: '8080', ...PORT, meaning: 'Port of REST and metrics; 0 takes a free one.' },
  MQTT_HOST: {
    ...TEXT,
    otherwise: 'every address for mutual TLS, loopback for plain TCP',
    meaning: 'Address of the MQTT listeners.',
  },
  MQTTS_PORT: { default: '8883', ...PORT_OR_OFF, meaning: 'MQTT over mutual TLS.' },
  MQTT_PORT: { default: 'off', ...PORT_OR_OFF, meaning: 'MQTT over plain TCP, for devices with tokens.' },
  MQTT_WSS_PORT: { default: 'off', ...PORT_OR_OFF, meaning: 'MQTT over WebSocket and TLS, path `/mqtt`.' },
  FLEETLOG_SHARDS: {
    default: '8',
    schema: { pattern: '^([1-9]|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-6])$' },
    expects: 'a number from 1 to 256',
    meaning:
      'Slices of the journal, and partitions of the topic. Fixed by the first start: another value is refused later.',
  },
  FLEETLOG_NODE_ID: {
    schema: { pattern: '^[A-Za-z0-9._-]{1,128}$' },
    expects: '1 to 128 letters, digits, dots, dashes',
    otherwise: 'the host name',
    meaning: 'Name of this node. Of several that share a Postgres, each needs its own.',
  },
  FLEETLOG_ADMIN_PASSWORD: {
    schema: { minLength: 10, maxLength: 256 },
    expects: 'at least 10 and at most 256 characters',
    secret: true,
    otherwise: 'generated and shown once at the first start',
    meaning:
      'Password of the user `admin`. Set at a later start it replaces the one before, and ends the sessions of that user.',
  },
  FLEETLOG_ADMIN_TOKEN: {
    schema: { minLength: 32, pattern: '^[\\x21-\\x7e]+$' },
    expects: 'at least 32 printable characters without spaces',
    secret: true,
    otherwise: 'generated into `admin-token` in the data directory',
    meaning: 'Bearer token of the first admin.',
  },
  FLEETLOG_CA_PASSPHRASE: {
    schema: { minLength: 12 },
    expects: 'at least 12 characters',
    secret: true,
    otherwise: 'generated into the data directory with the embedded Postgres',
    meaning: 'Encrypts the key of the certificate authority.',
  },
  LOG_LEVEL: {
    default: 'info',
    schema: { enum: ['debug', 'info', 'warn', 'error', 'silent'] },
    expects: '"debug", "info", "warn", "error" or "silent"',
    meaning: 'Least severity that is written.',
  },
  LOG_FORMAT: {
    schema: { enum: ['pretty', 'json'] },
    expects: '"pretty" or "json"',
    otherwise: '`pretty` on a terminal, else `json`',
    meaning: 'Readable lines or JSON, on standard error.',
  },
} as const satisfies Record<string, Variable>;

type VariableName = keyof typeof VARIABLES;
type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the contract whose feature is not in this version: known, so not misspelt, but worth a warning when set. */
const NOT_READ_YET = [
  'FLEETLOG_WEBHOOK_HOSTS',
  'INFLUX_URL',
  'INFLUX_TOKEN',
  'INFLUX_ORG',
  'INFLUX_BUCKET',
  'REDIS_URL',
];
/** Read by the command line or by tests alone. */
const READ_BY_CLIENTS = ['FLEETLOG_URL', 'FLEETLOG_TOKEN'];

const ajv = new Ajv2020({
  allErrors: false,
  strict: true,
  strictTypes: false,
  formats: { port: (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535 },
});
const checks = new Map(
  Object.entries(VARIABLES).map(([name, variable]) => [name, ajv.compile({ type: 'string', ...variable.schema })]),
);

/**
 * @param environment `process.env`, or a part of it in tests
 * @throws ConfigError with one sentence
 */
export function loadConfig(environment: Environment): Config {
  refuseUnknownNames(environment);
  const values = Object.fromEntries(
    (Object.keys(VARIABLES) as VariableName[]).map((name) => [name, readVariable(name, environment)]),
  ) as Record<VariableName, string | undefined>;
  const required = (name: VariableName): string => values[name] ?? fail(`${name} must be set.`);
  const list = (text: string | undefined): readonly string[] => text?.split(',') ?? [];
  const port = (text: string): number | undefined => (text === 'off' ? undefined : Number(text));

  const databaseUrl = values.DATABASE_URL === 'embedded' ? undefined : values.DATABASE_URL;
  if (databaseUrl !== undefined && values.FLEETLOG_CA_PASSPHRASE === undefined) {
    fail('FLEETLOG_CA_PASSPHRASE must be set when DATABASE_URL is: it encrypts the key of the certificate authority.');
  }
  return deepFreeze({
    dataDir: required('FLEETLOG_DATA_DIR'),
    databaseUrl,
    kafka: readKafka(values, required),
    publicHosts: values.FLEETLOG_PUBLIC_HOST === undefined ? ['127.0.0.1'] : list(values.FLEETLOG_PUBLIC_HOST),
    trustedProxies: list(values.FLEETLOG_TRUSTED_PROXIES),
    http: { host: required('HTTP_HOST'), port: Number(required('HTTP_PORT')) },
    mqtt: {
      host: values.MQTT_HOST,
      mqtts: port(required('MQTTS_PORT')),
      mqtt: port(required('MQTT_PORT')),
      wss: port(required('MQTT_WSS_PORT')),
      publishRate: Number(required('FLEETLOG_RATE_PUBLISH')),
    },
    shards: Number(required('FLEETLOG_SHARDS')),
    nodeId: values.FLEETLOG_NODE_ID ?? hostname(),
    adminToken: values.FLEETLOG_ADMIN_TOKEN,
    adminPassword: values.FLEETLOG_ADMIN_PASSWORD,
    caPassphrase: values.FLEETLOG_CA_PASSPHRASE,
    log: {
      level: required('LOG_LEVEL'),
      format: (values.LOG_FORMAT ?? (process.stdout.isTTY ? 'pretty' : 'json')) as 'pretty' | 'json',
    },
    unread: NOT_READ_YET.filter((name) => isSet(environment[name]) || isSet(environment[`${name}_FILE`])),
  });
}

function readKafka(
  values: Record<VariableName, string | undefined>,
  required: (name: VariableName) => string,
): Config['kafka'] {
  const brokers = values.KAFKA_BROKERS;
  const mechanism = values.KAFKA_SASL_MECHANISM as SaslMechanism | undefined;
  return {
    mode: brokers === undefined ? 'auto' : brokers === 'local' || brokers === 'off' ? brokers : 'brokers',
    brokers: brokers === undefined || brokers === 'local' || brokers === 'off' ? [] : brokers.split(','),
    eventsTopic: required('KAFKA_TOPIC'),
    checkpointTopic: required('KAFKA_CHECKPOINT_TOPIC'),
    ssl: values.KAFKA_SSL === 'on' || values.KAFKA_SSL === 'true',
    sasl: mechanism && {
      mechanism,
      username: required('KAFKA_SASL_USERNAME'),
      password: required('KAFKA_SASL_PASSWORD'),
    },
  };
}

function readVariable(name: VariableName, environment: Environment): string | undefined {
  const variable: Variable = VARIABLES[name];
  const file = environment[`${name}_FILE`];
  const given = isSet(file) && !isSet(environment[name]) ? readSecret(name, file) : environment[name];
  if (!isSet(given)) return variable.default;
  if (checks.get(name)?.(given) !== true)
    fail(`${name} must be ${variable.expects}${variable.secret ? '' : `, not ${JSON.stringify(given)}`}.`);
  return given;
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw new ConfigError(`${name}_FILE names ${JSON.stringify(file)}, which cannot be read.`, { cause });
  }
}

function refuseUnknownNames(environment: Environment): void {
  const known = [...Object.keys(VARIABLES), ...NOT_READ_YET, ...READ_BY_CLIENTS];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('FLEETLOG_') || known.includes(name.replace(/_FILE$/, ''))) continue;
    const nearest = nearestName(
      name,
      known.filter((other) => other.startsWith('FLEETLOG_')),
    );
    fail(
      `${name} is not a variable of Fleetlog; ${nearest === undefined ? 'docs/reference/configuration.md lists them.' : `did you mean ${nearest}?`}`,
    );
  }
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function fail(sentence: string): never {
  throw new ConfigError(sentence);
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value))
    if (typeof member === 'object' && member !== null) deepFreeze(member as object);
  return Object.freeze(value);
}
