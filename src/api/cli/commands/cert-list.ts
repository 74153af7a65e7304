import { Option, type Command } from 'commander';
import { FIELDS, wholeNumber } from '../arguments.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CREDENTIAL_LAMPS, type CredentialState } from '../credential-lamps.js';
import { tableOf, type Table } from '../table.js';
import { relativeTime } from '../terminal.js';

export interface Certificate {
  readonly fingerprint: string;
  readonly keyType: string;
  readonly state: CredentialState;
  readonly issuedAt: string;
  readonly notAfter: string;
  readonly revokeReason?: string;
}

interface ListOptions {
  readonly state?: CredentialState;
  readonly expiresWithin?: number;
  readonly fields?: string;
  readonly limit?: number;
}

/** A row of `GET /certificates`. */
interface CertificateEntry extends Omit<Certificate, 'revokeReason'> {
  readonly device: string;
  readonly revokeReason: string | null;
  readonly lastUsedAt: string | null;
}

const ENTRY_TABLE: Table<CertificateEntry> = {
  columns: [
    {
      title: 'STATE',
      cell: ({ state }) => CREDENTIAL_LAMPS[state][0],
      colour: ({ state }) => CREDENTIAL_LAMPS[state][1],
    },
    { title: 'DEVICE', cell: ({ device }) => device },
    { title: 'EXPIRES', cell: ({ notAfter }) => relativeTime(notAfter, Date.now()) },
    { title: 'LAST USED', cell: ({ lastUsedAt }) => relativeTime(lastUsedAt, Date.now()) },
    { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
    { title: 'REASON', cell: ({ revokeReason }) => revokeReason ?? '' },
  ],
  fields: [
    'fingerprint',
    'device',
    'serial',
    'keyType',
    'state',
    'issuedAt',
    'notAfter',
    'lastUsedAt',
    'revokedAt',
    'revokeReason',
    'revokedSequence',
  ],
};

const CERTIFICATE_TABLE: Table<Certificate> = {
  columns: [
    {
      title: 'STATE',
      cell: ({ state }) => CREDENTIAL_LAMPS[state][0],
      colour: ({ state }) => CREDENTIAL_LAMPS[state][1],
    },
    { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
    { title: 'KEY', cell: ({ keyType }) => keyType },
    { title: 'ISSUED', cell: ({ issuedAt }) => relativeTime(issuedAt, Date.now()) },
    { title: 'EXPIRES', cell: ({ notAfter }) => relativeTime(notAfter, Date.now()) },
    { title: 'REASON', cell: ({ revokeReason }) => revokeReason ?? '' },
  ],
  fields: [
    'fingerprint',
    'serial',
    'keyType',
    'state',
    'notBefore',
    'notAfter',
    'issuedAt',
    'revokedAt',
    'revokeReason',
    'certificate',
  ],
};

/** `fleetlog cert ls`: of one device, or those of all. */
export function addCertificateList(certificate: Command, contextOf: ContextFactory): void {
  certificate
    .command('ls [device]')
    .alias('list')
    .description('list the certificates of a device, or those of all devices, which end first first')
    .addOption(
      new Option('--state <state>', 'in this state alone').choices(['active', 'superseded', 'expired', 'revoked']),
    )
    .option('--expires-within <days>', 'that end within so many days', wholeNumber)
    .option(...FIELDS)
    .option('--limit <n>', 'at most so many', wholeNumber)
    .action(async (device: string | undefined, options: ListOptions, command: Command) =>
      list(await contextOf(command), device, options),
    );
}

async function list(context: CommandContext, device: string | undefined, options: ListOptions): Promise<void> {
  const { client, output } = context;
  const { state, expiresWithin, fields, limit } = options;
  if (device !== undefined && [state, expiresWithin, fields, limit].every((given) => given === undefined)) {
    const none = `No certificate. Issue one: npx fleetlog cert issue ${device} --csr <file>`;
    await output.rows(await certificatesOf(context, device), CERTIFICATE_TABLE, none);
    return;
  }
  const query = { device, state, expiresWithin: expiresWithin?.toString(), fields };
  const entries = client.items({ method: 'GET', path: '/api/v1/certificates', query }, limit);
  const table = tableOf(ENTRY_TABLE, fields);
  await output.rows(entries as AsyncIterable<CertificateEntry>, table, 'No certificate is like that.');
}

/** All certificates of a device, as the device itself knows them. */
export async function certificatesOf({ client }: CommandContext, device: string): Promise<readonly Certificate[]> {
  const { body } = await client.call({
    method: 'GET',
    path: `/api/v1/devices/${encodeURIComponent(device)}/certificates`,
  });
  return (body as { readonly items: readonly Certificate[] }).items;
}
