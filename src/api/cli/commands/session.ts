import type { Command } from 'commander';
import { FIELDS } from '../arguments.js';
import { callWhenConfirmed, irreversible, type ContextFactory } from '../command-context.js';
import { tableOf, type Table } from '../table.js';
import { relativeTime } from '../terminal.js';

interface Session {
  readonly id: string;
  readonly user: { readonly name: string; readonly role: string };
  readonly startedAt: string;
  readonly lastUsedAt: string;
  readonly address: string | null;
  readonly userAgent: string | null;
}

const SESSION_TABLE: Table<Session> = {
  columns: [
    { title: 'ID', cell: ({ id }) => id },
    { title: 'USER', cell: ({ user }) => user.name },
    { title: 'ROLE', cell: ({ user }) => user.role },
    { title: 'STARTED', cell: ({ startedAt }) => relativeTime(startedAt, Date.now()) },
    { title: 'LAST USED', cell: ({ lastUsedAt }) => relativeTime(lastUsedAt, Date.now()) },
    { title: 'ADDRESS', cell: ({ address }) => address ?? '–' },
    { title: 'BROWSER', cell: ({ userAgent }) => userAgent ?? '–' },
  ],
  fields: ['id', 'user', 'tenant', 'startedAt', 'lastUsedAt', 'expiresAt', 'address', 'userAgent'],
};

const SESSIONS = '/api/v1/sessions';

/** `fleetlog session …`: people who are signed in. */
export function addSessionCommands(program: Command, contextOf: ContextFactory): void {
  const session = program.command('session').description('people who are signed in');

  session
    .command('ls')
    .alias('list')
    .description('list the sessions that stand')
    .option(...FIELDS)
    .action(async ({ fields }: { fields?: string }, command: Command) => {
      const { client, output } = await contextOf(command);
      const { body } = await client.call({ method: 'GET', path: SESSIONS, query: { fields } });
      const { items } = body as { readonly items: readonly Session[] };
      await output.rows(items, tableOf(SESSION_TABLE, fields), 'Nobody is signed in.');
    });

  irreversible(session.command('end <sessionId>'))
    .description('sign somebody out; the session and its event streams end at once')
    .action(async (id: string, _options: object, command: Command) => {
      const context = await contextOf(command);
      const path = `${SESSIONS}/${encodeURIComponent(id)}`;
      await callWhenConfirmed(context, `End session ${id}?`, { method: 'DELETE', path });
      context.output.note(`✓ Session ${id} is ended.`);
    });
}
