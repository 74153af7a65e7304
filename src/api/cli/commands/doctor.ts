import type { Command } from 'commander';
import { ConnectionLost } from '../client.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { checkMachine, checkPorts, SERVER_CHECKS, type Finding } from '../doctor-checks.js';
import { CliFailure, EXIT } from '../failure.js';
import type { Output } from '../output.js';
import type { Table } from '../table.js';

/** Asked when nothing tells of a server: the address of one that was started with nothing set. */
const USUAL_URL = 'http://127.0.0.1:8080';
const FINDING_TABLE: Table<Finding> = { columns: [], fields: ['check', 'state', 'detail', 'remedy'] };
/** Columns of mark and check. */
const INDENT = 24;
const MARKS = { ok: ['✓', 'good'], warning: ['!', 'warn'], fault: ['✗', 'bad'] } as const;

/** `fleetlog doctor`: looks at everything that goes wrong often; exit code 1 when something is. */
export function addDoctorCommand(program: Command, contextOf: ContextFactory): void {
  program
    .command('doctor')
    .description('look for what is wrong, and say what to do about it')
    .action(async (_options: object, command: Command) => {
      const context = await contextOf(command, USUAL_URL);
      let faults = 0;
      for await (const finding of examine(context)) {
        await report(context.output, finding);
        if (finding.state === 'fault') faults += 1;
      }
      if (faults > 0) throw new CliFailure(faults === 1 ? '1 fault.' : `${faults} faults.`);
    });
}

async function* examine(context: CommandContext): AsyncIterable<Finding> {
  yield* await checkMachine(context.settings.dataDir);
  for (const check of SERVER_CHECKS) {
    try {
      yield* await check(context);
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      const isAway = error instanceof ConnectionLost;
      const isRefused = error.exitCode === EXIT.notAuthorized;
      const remedy = isAway ? 'Start it: npm start. Its last line says why it ended.' : error.hint;
      yield {
        check: isRefused ? 'token' : 'server',
        state: 'fault',
        detail: error.message,
        remedy: remedy ?? 'See the log of the server.',
      };
      if (isAway) yield* await checkPorts(context.settings, context.terminal.environment);
      // Without a server all that follows would say the same.
      if (!isRefused) return;
    }
  }
}

function report(output: Output, finding: Finding): Promise<void> {
  if (output.form !== 'table') return output.row(finding, FINDING_TABLE);
  const { check, state, detail, remedy } = finding;
  const [mark, name] = MARKS[state];
  const [first = '', ...more] = [detail, remedy ?? ''].flatMap((text) => wrap(text, output.width - INDENT));
  const head = `${output.paint(mark, name)} ${check.padEnd(INDENT - 2)}${first}`;
  return output.text([head, ...more.map((line) => ' '.repeat(INDENT) + line)].join('\n'));
}

/** Lines of whole words, each as long as fits; a word that is longer stands alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
