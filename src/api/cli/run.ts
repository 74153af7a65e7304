import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { Interrupted, RequestShown } from './client.js';
import { createContextFactory } from './command-context.js';
import { addAuditCommands } from './commands/audit.js';
import { addCertificateCommands } from './commands/cert.js';
import { addDeviceCommands } from './commands/device.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEventCommands } from './commands/events.js';
import { addRelayCommands } from './commands/relay.js';
import { addReplayCommand } from './commands/replay.js';
import { addSessionCommands } from './commands/session.js';
import { addSimulateCommand } from './commands/simulate.js';
import { addStatusCommand } from './commands/status.js';
import { addTokenCommands } from './commands/token.js';
import { addUserCommands } from './commands/user.js';
import { CliFailure, EXIT, type ExitCode } from './failure.js';
import { createOutput } from './output.js';
import type { Terminal } from './terminal.js';

/**
 * Runs one command.
 * @param argv words after the name of the program
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof RequestShown) return EXIT.ok;
    // Commander has written its message itself; its exit code is 0 for help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure =
      error instanceof CliFailure ? error : terminal.signal.aborted ? new Interrupted() : unexpected(error);
    createOutput(terminal, program.opts()).failure(failure);
    return failure.exitCode;
  }
}

function createProgram(terminal: Terminal): Command {
  const { stdout, stderr, environment } = terminal;
  const isColoured = (stream: { readonly isTTY?: boolean }): boolean =>
    stream.isTTY === true && !environment['NO_COLOR'];
  const columns = Number(environment['COLUMNS']) || stdout.columns || 80;
  const program = new Command('fleetlog')
    .description('Devices, their certificates and events: the command line of Fleetlog')
    .version(versionOf(), '-V, --version', 'version of this command line')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => {
        write(text);
        if (/unknown option '-[^-]/.test(text)) write('An id that begins with - goes behind --: device get -- -7\n');
      },
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => isColoured(stdout),
      getErrHasColors: () => isColoured(stderr),
    })
    .option('--url <url>', 'address of the server; default FLEETLOG_URL, else the one started in this folder')
    .addOption(
      new Option(
        '-o, --output <form>',
        'of results; default table on a terminal, else json, one object a line',
      ).choices(['table', 'json', 'csv']),
    )
    .option('--json', 'the same as -o json')
    .option('--quiet', 'results and errors only')
    .option('--no-color', 'no colours; so does the variable NO_COLOR')
    .option('--curl', 'show the request as a curl command, and send nothing');
  const contextOf = createContextFactory(terminal);
  addDeviceCommands(program, contextOf);
  addCertificateCommands(program, contextOf);
  addTokenCommands(program, contextOf);
  addUserCommands(program, contextOf);
  addSessionCommands(program, contextOf);
  addAuditCommands(program, contextOf);
  addEventCommands(program, contextOf);
  addReplayCommand(program, contextOf);
  addRelayCommands(program, contextOf);
  addSimulateCommand(program, contextOf);
  addStatusCommand(program, contextOf);
  addDoctorCommand(program, contextOf);
  return program;
}

/** Beside the source as beside what was built of it. */
function versionOf(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

function unexpected(error: unknown): CliFailure {
  return new CliFailure(
    `An internal fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
}
