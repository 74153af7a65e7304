import { PassThrough } from 'node:stream';
import { runCli } from '../../../src/api/cli/run.js';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandSurroundings {
  readonly url?: string;
  readonly token?: string;
  /** Width of the terminal; a pipe when absent. */
  readonly columns?: number;
  /** What a person types, on a terminal. */
  readonly typed?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs a command inside the test, with streams of its own. No file of this machine is looked for. */
export async function runCommand(
  argv: readonly string[],
  surroundings: CommandSurroundings = {},
): Promise<CommandResult> {
  const { url, token = 'flt_secret', columns, typed, environment, signal } = surroundings;
  const isTTY = columns !== undefined;
  const stdout = Object.assign(new PassThrough(), { isTTY, columns: columns ?? 80 });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  if (typed !== undefined) stdin.write(`${typed}\n`);
  const texts = [stdout, stderr].map(collect);
  const exitCode = await runCli(argv, {
    stdout,
    stderr,
    stdin,
    environment: {
      FLEETLOG_DATA_DIR: '/nonexistent/fleetlog',
      ...(url !== undefined && { FLEETLOG_URL: url }),
      FLEETLOG_TOKEN: token,
      ...environment,
    },
    signal: signal ?? new AbortController().signal,
  });
  return { exitCode, stdout: texts[0]!(), stderr: texts[1]!() };
}

function collect(stream: PassThrough): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => (text += chunk));
  return () => text + ((stream.read() as string | null) ?? '');
}
