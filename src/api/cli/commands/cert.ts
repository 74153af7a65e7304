import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { duration } from '../arguments.js';
import {
  callWhenConfirmed,
  changing,
  irreversible,
  type CommandContext,
  type ContextFactory,
} from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { untilTrue } from '../until-true.js';
import { addCertificateList, certificatesOf, type Certificate } from './cert-list.js';

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
  readonly out?: string;
}

const pathOf = (device: string, ...rest: readonly string[]): string =>
  ['/api/v1/devices', encodeURIComponent(device), 'certificates', ...rest.map(encodeURIComponent)].join('/');

/** `fleetlog cert …`: certificates of devices. */
export function addCertificateCommands(program: Command, contextOf: ContextFactory): void {
  const certificate = program.command('cert').description('certificates of devices');

  addCertificateList(certificate, contextOf);

  issuing(certificate.command('issue <device>'))
    .description('issue a certificate, from a signing request or with a key made by the server')
    .action(async (device: string, options: IssueOptions, command: Command) => {
      await issue(await contextOf(command), device, options);
    });

  issuing(certificate.command('rotate <device>'))
    .description('issue a new certificate; the old one stays until the device has connected with the new one')
    .option('--wait <duration>', 'wait so long for the device to connect with it, then revoke the old one', duration)
    .action(async (device: string, options: IssueOptions & { readonly wait?: number }, command: Command) => {
      await rotate(await contextOf(command), device, options);
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

/** A command that issues a certificate, with what it is made from. */
function issuing(command: Command): Command {
  return changing(command)
    .option('--csr <file>', 'signing request (PEM); the private key stays with you')
    .option('--generate-key', 'let the server make the key, which leaves once, as a bundle')
    .addOption(
      new Option(
        '--key-type <type>',
        'of the key that the server makes; RSA comes as a PKCS #12 key store too',
      ).choices(['P-256', 'RSA']),
    )
    .option('--out <file>', 'write the certificate (PEM) here too');
}

async function issue(context: CommandContext, device: string, options: IssueOptions): Promise<IssuedCertificate> {
  const { client, output } = context;
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
  return issued;
}

/** A device may hold two active certificates, so that it is never without one. */
async function rotate(
  context: CommandContext,
  device: string,
  options: IssueOptions & { readonly wait?: number },
): Promise<void> {
  const { client, output, terminal } = context;
  const { fingerprint } = await issue(context, device, options);
  const old = (await certificatesOf(context, device)).filter(
    (certificate) => certificate.state === 'active' && certificate.fingerprint !== fingerprint,
  );
  const revocation = (one: Certificate): string => `npx fleetlog cert revoke ${device} ${one.fingerprint}`;
  if (options.wait === undefined) {
    for (const one of old) output.note(`Once the device has connected with the new one: ${revocation(one)}`);
    return;
  }
  output.note(`waiting for ${device} to connect with the new certificate`);
  const isUsed = async (): Promise<boolean> => {
    const { body } = await client.call({ method: 'GET', path: `/api/v1/devices/${encodeURIComponent(device)}` });
    const { connected, credential } = (body as { connection: { connected: boolean; credential?: string } }).connection;
    return connected && credential === fingerprint;
  };
  if (!(await untilTrue(isUsed, options.wait, terminal.signal))) {
    throw new CliFailure(`${device} has not connected with the new certificate. Both are valid.`, {
      exitCode: terminal.signal.aborted ? EXIT.failure : EXIT.timeout,
      hint: old[0] && `Once it has: ${revocation(old[0])}`,
    });
  }
  output.note(`✓ ${device} is connected with the new certificate.`);
  for (const one of old) {
    await client.call({ method: 'DELETE', path: pathOf(device, one.fingerprint), body: { reason: 'rotated' } });
    output.note(`✓ ${one.fingerprint} is revoked.`);
  }
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
