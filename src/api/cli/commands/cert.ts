import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { callWhenConfirmed, changing, irreversible, type ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import type { Column } from '../output.js';
import { relativeTime } from '../terminal.js';

interface Certificate {
  readonly fingerprint: string;
  readonly keyType: string;
  readonly state: 'active' | 'expired' | 'revoked';
  readonly issuedAt: string;
  readonly notAfter: string;
  readonly revokeReason?: string;
}

interface IssuedCertificate {
  readonly fingerprint: string;
  readonly certificate: string;
  readonly notAfter: string;
  /** Path of the one-time zip. */
  readonly bundle?: string;
}

interface IssueOptions {
  readonly csr?: string;
  readonly generateKey?: boolean;
  readonly keyType?: 'P-256' | 'RSA';
}

const STATES = { active: '● active', expired: '○ expired', revoked: '■ revoked' } as const;

const COLUMNS: readonly Column<Certificate>[] = [
  {
    title: 'STATE',
    cell: ({ state }) => STATES[state],
    colour: ({ state }) => (state === 'active' ? 'good' : state === 'revoked' ? 'bad' : 'warn'),
  },
  { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
  { title: 'KEY', cell: ({ keyType }) => keyType },
  { title: 'ISSUED', cell: ({ issuedAt }) => relativeTime(issuedAt, Date.now()) },
  { title: 'EXPIRES', cell: ({ notAfter }) => relativeTime(notAfter, Date.now()) },
  { title: 'REASON', cell: ({ revokeReason }) => revokeReason ?? '' },
];

const pathOf = (device: string, ...rest: readonly string[]): string =>
  ['/api/v1/devices', encodeURIComponent(device), 'certificates', ...rest.map(encodeURIComponent)].join('/');

/** `fleetlog cert …`: certificates of devices. */
export function addCertificateCommands(program: Command, contextOf: ContextFactory): void {
  const certificate = program.command('cert').description('certificates of devices');

  certificate
    .command('ls <device>')
    .alias('list')
    .description('list the certificates of a device')
    .action(async (device: string, _options: object, command: Command) => {
      const { client, output } = await contextOf(command);
      const { body } = await client.call({ method: 'GET', path: pathOf(device) });
      const { items } = body as { readonly items: readonly Certificate[] };
      await output.rows(items, COLUMNS, `No certificate. Issue one: npx fleetlog cert issue ${device} --csr <file>`);
    });

  changing(certificate.command('issue <device>'))
    .description('issue a certificate, from a signing request or with a key made by the server')
    .option('--csr <file>', 'signing request (PEM); the private key stays with you')
    .option('--generate-key', 'let the server make the key, which leaves once, as a bundle')
    .addOption(
      new Option(
        '--key-type <type>',
        'of the key that the server makes; RSA comes as a PKCS #12 key store too',
      ).choices(['P-256', 'RSA']),
    )
    .option('--out <file>', 'write the certificate (PEM) here too')
    .action(async (device: string, options: IssueOptions & { readonly out?: string }, command: Command) => {
      const { client, output } = await contextOf(command);
      const body = await requestBody(options);
      const issued = (await client.call({ method: 'POST', path: pathOf(device), body })).body as IssuedCertificate;
      if (options.out !== undefined) await writeFile(options.out, issued.certificate);
      await output.record(issued, [
        ['fingerprint', issued.fingerprint],
        ['expires', issued.notAfter],
        ...(issued.bundle === undefined ? [] : [['bundle', issued.bundle] as const]),
      ]);
      if (issued.bundle !== undefined) {
        output.note(`Fetch it once, within ten minutes: npx fleetlog cert bundle ${device} ${issued.fingerprint}`);
      }
    });

  irreversible(certificate.command('revoke <device> <fingerprint>'))
    .description('revoke a certificate; its live connection ends within a second')
    .option('--reason <text>', 'kept in the journal')
    .action(async (device: string, fingerprint: string, { reason }: { reason?: string }, command: Command) => {
      const context = await contextOf(command);
      await callWhenConfirmed(context, `Revoke certificate ${fingerprint} of ${device}?`, {
        method: 'DELETE',
        path: pathOf(device, fingerprint),
        ...(reason !== undefined && { body: { reason } }),
      });
      context.output.note(`✓ ${fingerprint} is revoked.`);
    });

  certificate
    .command('bundle <device> <fingerprint>')
    .description('fetch certificate and private key (zip), which works once')
    .option('--out <file>', 'where to write it; default <device>.zip')
    .action(async (device: string, fingerprint: string, { out }: { out?: string }, command: Command) => {
      const { client, output } = await contextOf(command);
      // The colon is the one character of a device id that some file systems refuse.
      const file = out ?? `${device.replaceAll(':', '_')}.zip`;
      // Open before the fetch: a file that can not be written must not cost the one chance.
      const bytes = await fetchInto(file, () =>
        client.bytes({ method: 'GET', path: pathOf(device, fingerprint, 'bundle') }),
      );
      await output.record({ file, bytes }, [
        ['file', file],
        ['bytes', String(bytes)],
      ]);
      output.note('It holds a private key: keep it for the device alone.');
    });
}

async function requestBody({ csr, generateKey, keyType }: IssueOptions): Promise<object> {
  if ((csr === undefined) === (generateKey !== true)) {
    throw new CliFailure('Either --csr <file> or --generate-key is wanted.', { exitCode: EXIT.usage });
  }
  if (csr === undefined) return { generateKey: true, ...(keyType !== undefined && { keyType }) };
  if (keyType !== undefined) throw new CliFailure('--key-type goes with --generate-key.', { exitCode: EXIT.usage });
  try {
    return { csr: await readFile(csr, 'utf8') };
  } catch (error) {
    throw new CliFailure(`${csr} can not be read: ${(error as Error).message}`, { exitCode: EXIT.usage });
  }
}

/** @returns bytes written. The file is its owner's alone, is never one that was there before, and goes when nothing came. */
async function fetchInto(file: string, fetch: () => Promise<Buffer>): Promise<number> {
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    throw new CliFailure(`${file} can not be made: ${(error as Error).message}`, {
      hint: 'Choose another with --out.',
    });
  });
  try {
    const content = await fetch();
    await handle.writeFile(content);
    return content.length;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
