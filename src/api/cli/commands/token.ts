import { Option, type Command } from 'commander';
import { FIELDS, time } from '../arguments.js';
import { callWhenConfirmed, changing, irreversible, type ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { tableOf, type Table } from '../table.js';
import { CREDENTIAL_LAMPS, type CredentialState } from '../credential-lamps.js';
import { relativeTime } from '../terminal.js';

interface Token {
  readonly id: string;
  readonly role?: string;
  readonly label?: string;
  readonly state: CredentialState;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly lastUsedAt?: string | null;
}

interface IssuedToken {
  readonly id: string;
  readonly token: string;
  readonly expiresAt?: string;
}

const TOKEN_TABLE: Table<Token> = {
  columns: [
    {
      title: 'STATE',
      cell: ({ state }) => CREDENTIAL_LAMPS[state][0],
      colour: ({ state }) => CREDENTIAL_LAMPS[state][1],
    },
    { title: 'ID', cell: ({ id }) => id },
    { title: 'ROLE', cell: ({ role }) => role ?? 'device' },
    { title: 'LABEL', cell: ({ label }) => label ?? '' },
    { title: 'ISSUED', cell: ({ issuedAt }) => relativeTime(issuedAt, Date.now()) },
    { title: 'LAST USED', cell: ({ lastUsedAt }) => relativeTime(lastUsedAt, Date.now()) },
    { title: 'EXPIRES', cell: ({ expiresAt }) => relativeTime(expiresAt, Date.now()) },
  ],
  fields: [
    'id',
    'role',
    'label',
    'state',
    'issuedAt',
    'expiresAt',
    'createdBy',
    'lastUsedAt',
    'revokedAt',
    'revokeReason',
  ],
};

/** Tokens of a device, or of the API. */
const pathOf = (device: string | undefined): string =>
  device === undefined ? '/api/v1/tokens' : `/api/v1/devices/${encodeURIComponent(device)}/tokens`;

/** `fleetlog token …`: keys of the API, and with `--device` passwords of a device. */
export function addTokenCommands(program: Command, contextOf: ContextFactory): void {
  const token = program.command('token').description('keys of the API; with --device passwords of a device');

  token
    .command('ls')
    .alias('list')
    .description('list tokens')
    .option('--device <id>', 'tokens of this device')
    .option(...FIELDS)
    .action(async ({ device, fields }: { device?: string; fields?: string }, command: Command) => {
      const { client, output } = await contextOf(command);
      const { body } = await client.call({ method: 'GET', path: pathOf(device), query: { fields } });
      const { items } = body as { readonly items: readonly Token[] };
      await output.rows(
        items,
        tableOf(TOKEN_TABLE, fields),
        'No token. Create one: npx fleetlog token issue --role viewer',
      );
    });

  changing(token.command('issue'))
    .description('create a token, which is shown once')
    .option('--device <id>', 'a password for this device')
    .addOption(new Option('--role <role>', 'of a key of the API').choices(['viewer', 'operator', 'admin']))
    .option('--label <text>', 'what it is for')
    .option('--expires <time>', 'as in 2026-12-31T00:00:00Z', time)
    .action(async (options: { device?: string; role?: string; label?: string; expires?: string }, command: Command) => {
      const { client, output } = await contextOf(command);
      const { device, role, label, expires } = options;
      if ((device === undefined) === (role === undefined)) {
        throw new CliFailure('Either --role (key of the API) or --device is wanted.', { exitCode: EXIT.usage });
      }
      const body = { ...(role && { role }), ...(label && { label }), ...(expires && { expiresAt: expires }) };
      const issued = (await client.call({ method: 'POST', path: pathOf(device), body })).body as IssuedToken;
      await output.record(issued, [
        ['id', issued.id],
        ['token', issued.token],
        ['expires', issued.expiresAt ?? 'never'],
      ]);
      output.note('It is shown this once.');
    });

  irreversible(token.command('revoke <tokenId>'))
    .description('revoke a token; it is refused from then on')
    .option('--device <id>', 'a token of this device')
    .option('--reason <text>', 'kept in the journal')
    .action(async (tokenId: string, { device, reason }: { device?: string; reason?: string }, command: Command) => {
      const context = await contextOf(command);
      await callWhenConfirmed(context, `Revoke token ${tokenId}?`, {
        method: 'DELETE',
        path: `${pathOf(device)}/${encodeURIComponent(tokenId)}`,
        ...(reason !== undefined && { body: { reason } }),
      });
      context.output.note(`✓ ${tokenId} is revoked.`);
    });
}
