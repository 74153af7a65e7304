import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { createApiClient, type ApiClient, type ApiRequest } from './client.js';
import { CliFailure, EXIT } from './failure.js';
import { createOutput, type Output, type OutputForm } from './output.js';
import { findSettings, type Settings } from './settings.js';
import type { Terminal } from './terminal.js';

/** Options of every command, and of those that change something. */
export interface GlobalOptions {
  readonly url?: string;
  readonly json?: boolean;
  readonly output?: OutputForm;
  readonly quiet?: boolean;
  readonly color?: boolean;
  readonly curl?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** All that a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly settings: Settings;
  readonly client: ApiClient;
  readonly output: Output;
  readonly options: GlobalOptions;
}

/**
 * The context of the command that is about to run.
 * @param fallbackUrl asked where no server is known; without it that is a failure
 */
export type ContextFactory = (command: Command, fallbackUrl?: string) => Promise<CommandContext>;

export function createContextFactory(terminal: Terminal): ContextFactory {
  return async (command, fallbackUrl) => {
    const options: GlobalOptions = command.optsWithGlobals();
    const output = createOutput(terminal, options);
    const settings = await findSettings({ environment: terminal.environment, url: options.url, fallbackUrl });
    const client = createApiClient({
      settings,
      signal: terminal.signal,
      showCurl: options.curl === true ? (line) => terminal.stdout.write(`${line}\n`) : undefined,
      showChange: options.dryRun === true ? (request) => output.change(request) : undefined,
    });
    return { terminal, settings, client, output, options };
  };
}

/** Marks a command that changes something. */
export function changing(command: Command): Command {
  return command.option('--dry-run', 'show what would be sent, and send nothing');
}

/** Marks a command whose effect can not be taken back. */
export function irreversible(command: Command): Command {
  return changing(command).option('--yes', 'do not ask');
}

/**
 * Sends an irreversible change when the user has agreed: by `--yes`, or by typing `yes` on a terminal.
 * @throws CliFailure when there is nobody to ask, or the answer is no
 */
export async function callWhenConfirmed(context: CommandContext, question: string, request: ApiRequest): Promise<void> {
  const { client, terminal, options } = context;
  client.preview(request);
  if (options.yes !== true) await confirm(terminal, question);
  await client.call(request);
}

async function confirm({ stdin, stderr, signal }: Terminal, question: string): Promise<void> {
  if (stdin.isTTY !== true) {
    throw new CliFailure('This can not be undone, and there is no terminal to ask.', {
      exitCode: EXIT.usage,
      hint: 'Add --yes.',
    });
  }
  const dialog = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await dialog.question(`${question} Type yes to go on: `, { signal });
    if (answer.trim() !== 'yes') throw new CliFailure('Nothing was changed.');
  } finally {
    dialog.close();
  }
}

/** Reads JSON that was given as an argument. @throws CliFailure for anything but an object */
export function readObject(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below with everything else that is no object.
  }
  throw new CliFailure(`${what} is no JSON object.`, { exitCode: EXIT.usage, hint: `As in '{"name":"Feed pump 7"}'.` });
}
