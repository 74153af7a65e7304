import { Option, type Command } from 'commander';
import { collect, FIELDS, wholeNumber } from '../arguments.js';
import type { ApiAnswer } from '../client.js';
import {
  callWhenConfirmed,
  changing,
  irreversible,
  readObject,
  type CommandContext,
  type ContextFactory,
} from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { tableOf, type Table } from '../table.js';
import { relativeTime, type Colour } from '../terminal.js';
import { addConnectionsCommand } from './device-connections.js';

/** A row of `GET /devices`, as far as a table shows it. */
interface DeviceSummary {
  readonly id: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly sessionEpoch: number;
  readonly connectedAt: string | null;
  readonly disconnectedAt: string | null;
  readonly registeredAt: string;
}

/** `GET /devices/{id}`, as far as a terminal shows it. */
interface Device {
  readonly id: string;
  readonly type?: string;
  readonly name?: string;
  readonly tags: readonly string[];
  readonly attributes: object;
  readonly enabled: boolean;
  readonly connection: {
    readonly connected: boolean;
    readonly sessionEpoch: number;
    readonly connectedAt?: string | null;
    readonly disconnectedAt?: string | null;
    readonly disconnectReason?: string | null;
  };
  readonly lastAcceptedAt?: string | null;
  readonly rejectedMessages?: number;
  readonly registeredAt: string;
  readonly revision: number;
}

interface ListOptions {
  readonly search?: string;
  readonly type?: readonly string[];
  readonly tag?: readonly string[];
  readonly state?: string;
  readonly filter?: string;
  readonly sort?: string;
  readonly fields?: string;
  readonly limit?: number;
}

/** Members of a device that a person sets. */
interface MemberOptions {
  readonly type?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly data?: string;
}

/** Shape and word, so that colour is never the only signal. */
const LAMPS = {
  disabled: ['■ disabled', 'bad'],
  online: ['● online', 'good'],
  offline: ['○ offline', undefined],
  never: ['◇ never seen', 'quiet'],
} as const satisfies Record<string, readonly [text: string, colour: Colour | undefined]>;

function lampOf(device: {
  enabled: boolean;
  connected: boolean;
  sessionEpoch: number;
}): (typeof LAMPS)[keyof typeof LAMPS] {
  if (!device.enabled) return LAMPS.disabled;
  if (device.connected) return LAMPS.online;
  return device.sessionEpoch > 0 ? LAMPS.offline : LAMPS.never;
}

const COLUMNS: Table<DeviceSummary>['columns'] = [
  { title: 'STATE', cell: (device) => lampOf(device)[0], colour: (device) => lampOf(device)[1] },
  {
    title: 'SINCE',
    cell: ({ connectedAt, disconnectedAt }) => relativeTime(disconnectedAt ?? connectedAt, Date.now()),
  },
  { title: 'ID', cell: ({ id }) => id },
  { title: 'TYPE', cell: ({ type }) => type ?? '–' },
  { title: 'NAME', cell: ({ name }) => name ?? '–' },
  { title: 'TAGS', cell: ({ tags }) => tags.join(' ') },
  { title: 'REGISTERED', cell: ({ registeredAt }) => relativeTime(registeredAt, Date.now()) },
];
const DEVICE_TABLE: Table<DeviceSummary> = {
  columns: COLUMNS,
  fields: [
    'id',
    'type',
    'name',
    'tags',
    'enabled',
    'gateway',
    'via',
    'connected',
    'sessionEpoch',
    'connectedAt',
    'disconnectedAt',
    'disconnectReason',
    'registeredAt',
    'revision',
  ],
};
const NONE = 'No devices. Register one: npx fleetlog device create <id>';

const pathOf = (id: string): string => `/api/v1/devices/${encodeURIComponent(id)}`;

/** `fleetlog device …`: the registry. */
export function addDeviceCommands(program: Command, contextOf: ContextFactory): void {
  const device = program.command('device').description('register, read and change devices');

  device
    .command('ls')
    .alias('list')
    .description('list devices')
    .option('--search <text>', 'part of the id, the name or a tag')
    .option('--type <type>', 'of this type; may be given several times', collect)
    .option('--tag <tag>', 'with this tag; given several times, with all of them', collect)
    .addOption(new Option('--state <state>', 'in this state alone').choices(['online', 'offline', 'never', 'disabled']))
    .option('--filter <condition>', `in CEL, as in 'device.enabled && "hall-2" in device.tags'`)
    .option('--sort <field>', 'id, name, type, lastSeen or registeredAt; with - before it the other way round')
    .option(...FIELDS)
    .option('--limit <n>', 'at most so many', wholeNumber)
    .action(async (options: ListOptions, command: Command) => {
      const { client, output } = await contextOf(command);
      const { search, state, sort, fields, limit } = options;
      const query = { search, state, sort, filter: conditionOf(options), fields };
      const found = client.items({ method: 'GET', path: '/api/v1/devices', query }, limit);
      const isNarrowed = [search, state, query.filter].some((given) => given !== undefined);
      const none = isNarrowed ? 'No device matches. Leave out options to see more.' : NONE;
      await output.rows(found as AsyncIterable<DeviceSummary>, tableOf(DEVICE_TABLE, fields), none);
    });

  device
    .command('get <id>')
    .description('read a device')
    .action(async (id: string, _options: object, command: Command) => {
      const context = await contextOf(command);
      await show(context, await context.client.call({ method: 'GET', path: pathOf(id) }));
    });

  addConnectionsCommand(device, contextOf);

  changing(device.command('create <id>'))
    .description('register a device')
    .option('--type <type>', 'what kind of device it is')
    .option('--name <name>', 'what people call it')
    .option('--tag <tag>', 'may be given several times', collect)
    .option('--data <json>', 'further members, as in {"attributes":{"site":"north"}}')
    .action(async (id: string, options: MemberOptions, command: Command) => {
      const { client, ...context } = await contextOf(command);
      const body = { id, ...membersOf(options) };
      await show(context, await client.call({ method: 'POST', path: '/api/v1/devices', body }));
    });

  changing(device.command('update <id>'))
    .description('change a device; what is not given stays')
    .option('--type <type>', 'what kind of device it is')
    .option('--name <name>', 'what people call it')
    .option('--tag <tag>', 'in place of all tags; may be given several times', collect)
    .option('--data <json>', 'JSON merge patch, as in {"attributes":{"site":null}}; null removes a member')
    .option('--if-match <revision>', 'only when the device still has this revision', wholeNumber)
    .action(async (id: string, options: MemberOptions & { readonly ifMatch?: number }, command: Command) => {
      const context = await contextOf(command);
      const body = membersOf(options);
      if (Object.keys(body).length === 0) {
        throw new CliFailure('Nothing to change was given.', { exitCode: EXIT.usage, hint: 'As in --name "Pump 7".' });
      }
      await patch(context, id, body, options.ifMatch);
    });

  changing(device.command('disable <id>'))
    .description('end the connection of a device and refuse it until it is enabled')
    .action(async (id: string, _options: object, command: Command) =>
      patch(await contextOf(command), id, { enabled: false }),
    );

  changing(device.command('enable <id>'))
    .description('accept a disabled device again')
    .action(async (id: string, _options: object, command: Command) =>
      patch(await contextOf(command), id, { enabled: true }),
    );

  irreversible(device.command('rm <id>'))
    .description('delete a device with its credentials; its events stay')
    .option('--reason <text>', 'kept in the journal')
    .action(async (id: string, { reason }: { reason?: string }, command: Command) => {
      const context = await contextOf(command);
      await callWhenConfirmed(context, `Delete ${id} and all its credentials?`, {
        method: 'DELETE',
        path: pathOf(id),
        ...(reason !== undefined && { body: { reason } }),
      });
      context.output.note(`✓ ${id} is deleted; its events stay.`);
    });
}

/** The words of the command line as one condition in CEL, which a cursor is bound to. */
function conditionOf({ type = [], tag = [], filter }: ListOptions): string | undefined {
  const text = (value: string): string => JSON.stringify(value);
  const conditions = [
    ...(type.length === 0 ? [] : [`device.type in [${type.map(text).join(', ')}]`]),
    ...tag.map((one) => `${text(one)} in device.tags`),
    ...(filter === undefined ? [] : [`(${filter})`]),
  ];
  return conditions.length === 0 ? undefined : conditions.join(' && ');
}

function membersOf({ type, name, tag: tags, data = '{}' }: MemberOptions): Readonly<Record<string, unknown>> {
  return { ...readObject(data, '--data'), ...(type && { type }), ...(name && { name }), ...(tags && { tags }) };
}

async function patch(context: CommandContext, id: string, body: object, revision?: number): Promise<void> {
  const headers = revision === undefined ? {} : { 'If-Match': `"${revision}"` };
  await show(context, await context.client.call({ method: 'PATCH', path: pathOf(id), body, headers }));
}

async function show({ output }: Pick<CommandContext, 'output'>, { body }: ApiAnswer): Promise<void> {
  const device = body as Device;
  const { connection } = device;
  const now = Date.now();
  const since = relativeTime(connection.connected ? connection.connectedAt : connection.disconnectedAt, now);
  const reason = connection.disconnectReason ? `, ${connection.disconnectReason}` : '';
  const [lamp] = lampOf({ ...device, ...connection });
  await output.record(device, [
    ['id', device.id],
    ['state', connection.sessionEpoch > 0 ? `${lamp}, since ${since}${reason}` : lamp],
    ['session epoch', String(connection.sessionEpoch)],
    ['type', device.type ?? '–'],
    ['name', device.name ?? '–'],
    ['tags', device.tags.join(' ') || '–'],
    ['attributes', JSON.stringify(device.attributes)],
    ['last accepted', relativeTime(device.lastAcceptedAt, now)],
    ['rejected messages', String(device.rejectedMessages ?? 0)],
    ['registered', device.registeredAt],
    ['revision', String(device.revision)],
  ]);
}
