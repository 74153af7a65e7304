import type { Command } from 'commander';
import { FIELDS, since, time, wholeNumber } from '../arguments.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { numeral } from '../progress.js';
import { tableOf, type Table } from '../table.js';
import { relativeTime } from '../terminal.js';

interface PastConnection {
  readonly sessionEpoch: number;
  readonly connectedAt: string;
  readonly disconnectedAt: string | null;
  readonly reason: string | null;
  readonly address: string;
  readonly listener: string;
  readonly events: number | null;
}

interface ConnectionOptions {
  readonly since?: string;
  readonly to?: string;
  readonly fields?: string;
  readonly limit: number;
}

const CONNECTION_TABLE: Table<PastConnection> = {
  columns: [
    { title: 'SESSION', align: 'right', cell: ({ sessionEpoch }) => String(sessionEpoch) },
    { title: 'BEGAN', cell: ({ connectedAt }) => relativeTime(connectedAt, Date.now()) },
    {
      title: 'ENDED',
      cell: ({ disconnectedAt }) => (disconnectedAt === null ? '● open' : relativeTime(disconnectedAt, Date.now())),
      colour: ({ disconnectedAt }) => (disconnectedAt === null ? 'good' : undefined),
    },
    { title: 'REASON', cell: ({ reason }) => reason ?? '' },
    { title: 'EVENTS', align: 'right', cell: ({ events }) => (events === null ? '' : numeral(events)) },
    { title: 'LISTENER', cell: ({ listener }) => listener },
    { title: 'ADDRESS', cell: ({ address }) => address },
  ],
  fields: [
    'sessionEpoch',
    'connectedAt',
    'disconnectedAt',
    'reason',
    'events',
    'listener',
    'address',
    'protocol',
    'clientId',
    'credential',
    'sequence',
    'endedSequence',
  ],
};

/** `fleetlog device connections`: when the device was there, and why it went. */
export function addConnectionsCommand(device: Command, contextOf: ContextFactory): void {
  device
    .command('connections <id>')
    .description('list the connections of a device, the newest first, and its availability')
    .option('--since <duration|time>', 'open since, as in 24h; default 7d', since)
    .option('--to <time>', 'not begun after this time', time)
    .option(...FIELDS)
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(async (id: string, options: ConnectionOptions, command: Command) =>
      list(await contextOf(command), id, options),
    );
}

async function list({ client, output }: CommandContext, id: string, options: ConnectionOptions) {
  const { since: from, to, fields, limit } = options;
  const request = {
    method: 'GET',
    path: `/api/v1/devices/${encodeURIComponent(id)}/connections`,
    query: { from, to, fields },
  } as const;
  const connections = client.items(request, limit) as AsyncIterable<PastConnection>;
  await output.rows(connections, tableOf(CONNECTION_TABLE, fields), 'It was not connected in this time.');
  if (output.form !== 'table') return;
  const { body } = await client.call({ ...request, query: { ...request.query, limit: '1' } });
  const { ratio } = (body as { readonly availability: { readonly ratio: number | null } }).availability;
  if (ratio !== null) output.note(`Connected for ${(ratio * 100).toFixed(1)} % of this time.`);
}
