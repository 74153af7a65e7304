import type { Command } from 'commander';
import { FIELDS, since, time, wholeNumber } from '../arguments.js';
import type { ContextFactory } from '../command-context.js';
import { tableOf, type Table } from '../table.js';
import { relativeTime } from '../terminal.js';

interface AuditEntry {
  readonly at: string;
  readonly action: string;
  readonly principal: string;
  readonly address: string | null;
  readonly on: { readonly kind: string; readonly id: string; readonly device?: string };
  readonly result: 'done' | 'refused';
}

interface AuditOptions {
  readonly principal?: string;
  readonly type?: string;
  readonly device?: string;
  readonly since?: string;
  readonly to?: string;
  readonly fields?: string;
  readonly limit: number;
  readonly all?: boolean;
}

const AUDIT_TABLE: Table<AuditEntry> = {
  columns: [
    { title: 'WHEN', cell: ({ at }) => relativeTime(at, Date.now()) },
    { title: 'WHO', cell: ({ principal }) => principal },
    { title: 'DID', cell: ({ action }) => action },
    { title: 'TO', cell: ({ on }) => `${on.kind} ${on.id}${on.device === undefined ? '' : ` of ${on.device}`}` },
    {
      title: 'RESULT',
      cell: ({ result }) => (result === 'done' ? '✓ done' : '✗ refused'),
      colour: ({ result }) => (result === 'done' ? undefined : 'bad'),
    },
    { title: 'FROM', cell: ({ address }) => address ?? '–' },
  ],
  fields: [
    'at',
    'principal',
    'action',
    'on',
    'result',
    'address',
    'credential',
    'before',
    'after',
    'requestId',
    'event',
  ],
};

/** `fleetlog audit …`: who did what. */
export function addAuditCommands(program: Command, contextOf: ContextFactory): void {
  program
    .command('audit')
    .description('who did what, when and from where')
    .command('ls')
    .alias('list')
    .description('list what people and their tokens have done, the newest first')
    .option('--principal <who>', 'done by this one, as in user/ann or system/admin')
    .option('--type <types>', 'event types with commas between them, as in SignInFailed')
    .option('--device <id>', 'done to this device')
    .option('--since <duration|time>', 'not before, as in 10m or 2026-01-31T12:00:00Z', since)
    .option('--to <time>', 'not after this time', time)
    .option(...FIELDS)
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .option('--all', 'every entry, as for a file with -o csv or --json')
    .action(async (options: AuditOptions, command: Command) => {
      const { client, output } = await contextOf(command);
      const { principal, type: types, device, since: from, to, fields, all, limit } = options;
      const query = { principal, types, device, from, to, fields };
      const request = { method: 'GET', path: '/api/v1/audit', query } as const;
      const entries = client.items(request, all === true ? Infinity : limit) as AsyncIterable<AuditEntry>;
      await output.rows(entries, tableOf(AUDIT_TABLE, fields), 'Nothing was done. Leave out options to see more.');
    });
}
