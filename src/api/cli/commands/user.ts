import { Argument, Option, type Command } from 'commander';
import { FIELDS } from '../arguments.js';
import { callWhenConfirmed, changing, irreversible, type ContextFactory } from '../command-context.js';
import { readPassword } from '../password-prompt.js';
import { tableOf, type Table } from '../table.js';
import { relativeTime } from '../terminal.js';

interface User {
  readonly name: string;
  readonly role: string;
  readonly enabled: boolean;
  readonly disabledAt: string | null;
  readonly registeredAt: string;
  readonly passwordChangedAt: string;
}

const USER_TABLE: Table<User> = {
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'ROLE', cell: ({ role }) => role },
    {
      title: 'MAY SIGN IN',
      cell: ({ disabledAt }) => (disabledAt === null ? '✓ yes' : `■ disabled ${relativeTime(disabledAt, Date.now())}`),
      colour: ({ enabled }) => (enabled ? 'good' : 'bad'),
    },
    { title: 'REGISTERED', cell: ({ registeredAt }) => relativeTime(registeredAt, Date.now()) },
    { title: 'PASSWORD', cell: ({ passwordChangedAt }) => relativeTime(passwordChangedAt, Date.now()) },
  ],
  fields: ['name', 'role', 'enabled', 'disabledAt', 'registeredAt', 'passwordChangedAt', 'revision'],
};

const USERS = '/api/v1/users';
const pathOf = (name: string): string => `${USERS}/${encodeURIComponent(name)}`;
const ROLES = ['viewer', 'operator', 'admin'] as const;

/** `fleetlog user …`: people who may sign in. */
export function addUserCommands(program: Command, contextOf: ContextFactory): void {
  const user = program.command('user').description('people who may sign in');

  user
    .command('ls')
    .alias('list')
    .description('list the users')
    .option(...FIELDS)
    .action(async ({ fields }: { fields?: string }, command: Command) => {
      const { client, output } = await contextOf(command);
      const { body } = await client.call({ method: 'GET', path: USERS, query: { fields } });
      const { items } = body as { readonly items: readonly User[] };
      await output.rows(
        items,
        tableOf(USER_TABLE, fields),
        'No users. Add one: npx fleetlog user add <name> --role viewer',
      );
    });

  changing(user.command('add <name>'))
    .description('let a person sign in; the password is asked for, or read from standard input')
    .addOption(new Option('--role <role>', 'what the person may do').choices(ROLES).makeOptionMandatory())
    .action(async (name: string, { role }: { readonly role: string }, command: Command) => {
      const { client, output, terminal } = await contextOf(command);
      client.preview({ method: 'POST', path: USERS, body: { name, role, password: '…' } });
      const password = await readPassword(terminal, `Password of ${name}`);
      await client.call({ method: 'POST', path: USERS, body: { name, role, password } });
      output.note(`✓ ${name} may sign in as ${role}.`);
    });

  changing(user.command('role <name>'))
    .addArgument(new Argument('<role>').choices(ROLES))
    .description("give a user another role; ends the user's sessions")
    .action(async (name: string, role: string, _options: object, command: Command) => {
      const { client, output } = await contextOf(command);
      await client.call({ method: 'PATCH', path: pathOf(name), body: { role } });
      output.note(`✓ ${name} is ${role}.`);
    });

  changing(user.command('reset-password <name>'))
    .description("set a new password; ends the user's sessions")
    .action(async (name: string, _options: object, command: Command) => {
      const { client, output, terminal } = await contextOf(command);
      client.preview({ method: 'PATCH', path: pathOf(name), body: { password: '…' } });
      const password = await readPassword(terminal, `New password of ${name}`);
      await client.call({ method: 'PATCH', path: pathOf(name), body: { password } });
      output.note(`✓ The password of ${name} is changed.`);
    });

  irreversible(user.command('disable <name>'))
    .description(
      "let a person sign in no more until enabled; ends the user's sessions, revokes the tokens that the user has made",
    )
    .action(async (name: string, _options: object, command: Command) => {
      const context = await contextOf(command);
      const request = { method: 'PATCH', path: pathOf(name), body: { enabled: false } } as const;
      await callWhenConfirmed(context, `Disable ${name} and revoke the tokens of ${name} for good?`, request);
      context.output.note(`✓ ${name} is disabled.`);
    });

  changing(user.command('enable <name>'))
    .description('let a disabled person sign in again; the tokens from before stay revoked')
    .action(async (name: string, _options: object, command: Command) => {
      const { client, output } = await contextOf(command);
      await client.call({ method: 'PATCH', path: pathOf(name), body: { enabled: true } });
      output.note(`✓ ${name} may sign in again.`);
    });

  irreversible(user.command('rm <name>'))
    .description(
      'delete a user with all sessions and the tokens that the user has made; what the person did stays in the audit',
    )
    .action(async (name: string, _options: object, command: Command) => {
      const context = await contextOf(command);
      await callWhenConfirmed(context, `Delete ${name}?`, { method: 'DELETE', path: pathOf(name) });
      context.output.note(`✓ ${name} is deleted.`);
    });
}
