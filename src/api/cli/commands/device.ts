import type { Command } from 'commander';
import { collect, wholeNumber } from '../arguments.js';
import type { ApiAnswer } from '../client.js';
import {
  callWhenConfirmed,
  changing,
  irreversible,
  readObject,
  type CommandContext,
  type ContextFactory,
} from '../command-context.js';
import type { Column } from '../output.js';
import { relativeTime, type Colour } from '../terminal.js';

/** A row of `GET /devices`, as far as a table shows it. */
interface DeviceSummary {
  readonly id: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly sessionEpoch: number;
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

const COLUMNS: readonly Column<DeviceSummary>[] = [
  { title: 'STATE', cell: (device) => lampOf(device)[0], colour: (device) => lampOf(device)[1] },
  { title: 'ID', cell: ({ id }) => id },
  { title: 'TYPE', cell: ({ type }) => type ?? '–' },
  { title: 'NAME', cell: ({ name }) => name ?? '–' },
  { title: 'TAGS', cell: ({ tags }) => tags.join(' ') },
  { title: 'REGISTERED', cell: ({ registeredAt }) => relativeTime(registeredAt, Date.now()) },
];
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
    .option('--sort <field>', 'id, name or registeredAt; with - before it the other way round')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .action(async (options: { search?: string; sort?: string; limit?: number }, command: Command) => {
      const { client, output } = await contextOf(command);
      const query = { search: options.search, sort: options.sort };
      const found = client.items({ method: 'GET', path: '/api/v1/devices', query }, options.limit);
      const none = options.search === undefined ? NONE : 'No device matches. Leave out --search to see all.';
      await output.rows(found as AsyncIterable<DeviceSummary>, COLUMNS, none);
    });

  device
    .command('get <id>')
    .description('read a device')
    .action(async (id: string, _options: object, command: Command) => {
      const context = await contextOf(command);
      await show(context, await context.client.call({ method: 'GET', path: pathOf(id) }));
    });

  changing(device.command('create <id>'))
    .description('register a device')
    .option('--type <type>', 'what kind of device it is')
    .option('--name <name>', 'what people call it')
    .option('--tag <tag>', 'may be given several times', collect)
    .option('--data <json>', 'further members, as in {"attributes":{"site":"north"}}')
    .action(
      async (
        id: string,
        options: { type?: string; name?: string; tag?: string[]; data?: string },
        command: Command,
      ) => {
        const context = await contextOf(command);
        const { type, name, tag: tags, data = '{}' } = options;
        const given = { ...(type && { type }), ...(name && { name }), ...(tags && { tags }) };
        const body = { ...readObject(data, '--data'), id, ...given };
        await show(context, await context.client.call({ method: 'POST', path: '/api/v1/devices', body }));
      },
    );

  changing(device.command('patch <id> <json>'))
    .description('change a device by JSON merge patch; null removes a member')
    .option('--if-match <revision>', 'only when the device still has this revision', wholeNumber)
    .action(async (id: string, json: string, options: { ifMatch?: number }, command: Command) => {
      await patch(await contextOf(command), id, readObject(json, 'The patch'), options.ifMatch);
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

async function patch(context: CommandContext, id: string, body: object, revision?: number): Promise<void> {
  const headers = revision === undefined ? {} : { 'If-Match': `"${revision}"` };
  await show(context, await context.client.call({ method: 'PATCH', path: pathOf(id), body, headers }));
}

async function show({ output }: CommandContext, { body }: ApiAnswer): Promise<void> {
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
