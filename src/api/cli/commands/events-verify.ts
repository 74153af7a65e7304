import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { positions } from '../arguments.js';
import { createChainVerifier, type ChainReport } from '../chain-verifier.js';
import { Interrupted } from '../client.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { parsePositions } from '../journal-event.js';
import { startProgress } from '../progress.js';

interface VerifyOptions {
  readonly heads?: string;
  readonly excerpt?: boolean;
}

/** A shard whose last events are missing. */
interface Cut {
  readonly shard: number;
  readonly head: number;
  readonly upTo: number;
}

/** `fleetlog events verify`: needs an export and nothing else, no server and no database. */
export function addVerifyCommand(events: Command, contextOf: ContextFactory): void {
  events
    .command('verify <file>')
    .description('verify the hash chains of exported events (NDJSON; - is standard input), without any server')
    .option('--heads <positions>', 'known heads, shard:position,…: finds an end that was cut off', positions)
    .option('--excerpt', 'streams may begin in their middle, which is not verified')
    .action(async (file: string, options: VerifyOptions, command: Command) => {
      // Any address will do: nothing is asked.
      await verify(await contextOf(command, 'http://127.0.0.1'), file, options);
    });
}

async function verify(context: CommandContext, file: string, { heads, excerpt = false }: VerifyOptions): Promise<void> {
  const { terminal, output, options } = context;
  const verifier = createChainVerifier(excerpt);
  const progress = startProgress(terminal, options.quiet === true, () => ({
    done: verifier.report().events,
    unit: 'events',
  }));
  try {
    let number = 0;
    for await (const line of linesOf(context, file)) {
      number += 1;
      if (terminal.signal.aborted) throw new Interrupted();
      try {
        if (line !== '') verifier.take(line);
      } catch (error) {
        throw new CliFailure(`Line ${number} is no event: ${(error as Error).message}`, {
          hint: 'The file is not what `fleetlog replay` has written, or it was torn.',
        });
      }
    }
  } finally {
    progress.stop();
  }
  const report = verifier.report();
  if (report.events === 0) throw new CliFailure('There is no event in it.');
  const cuts = cutsOf(report, heads);
  await output.record({ ...report, upTo: Object.fromEntries(report.upTo), cuts }, [
    ['events', String(report.events)],
    ['streams', String(report.streams)],
    ['up to', [...report.upTo].map(([shard, position]) => `${shard}:${position}`).join(',') || '–'],
    ...report.faults.map(
      ({ stream, sequence, fault }) =>
        [fault === 'gap' ? '✗ missing' : '✗ changed', `${stream} at sequence ${sequence}`] as const,
    ),
    ...cuts.map(({ shard, head, upTo }) => ['✗ cut off', `shard ${shard} ends at ${upTo} of ${head}`] as const),
  ]);
  if (report.faults.length + cuts.length > 0) throw new CliFailure('The events do not verify.');
  output.note('✓ Nothing was changed, deleted, inserted or swapped.');
}

async function* linesOf({ terminal }: CommandContext, file: string): AsyncIterable<string> {
  if (file === '-') {
    yield* createInterface({ input: terminal.stdin, crlfDelay: Infinity });
    return;
  }
  const handle = await open(file).catch((error: unknown) => {
    throw new CliFailure(`${file} can not be read: ${(error as Error).message}`, { exitCode: EXIT.usage });
  });
  try {
    yield* handle.readLines({ autoClose: false });
  } finally {
    await handle.close();
  }
}

/** SEC-156: a chain whose end was cut off verifies; that events are missing is told by heads from elsewhere. */
function cutsOf({ upTo }: ChainReport, heads = ''): readonly Cut[] {
  return parsePositions(heads)
    .map(([shard, head]) => ({ shard, head, upTo: upTo.get(shard) ?? 0 }))
    .filter((shard) => shard.upTo < shard.head);
}
