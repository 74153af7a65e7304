import type { Command } from 'commander';
import { duration } from '../arguments.js';
import type { CommandContext, ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { untilTrue } from '../until-true.js';
import type { SystemStatus } from '../system-state.js';

/** `POST /system/relay/verify`. */
interface Verification {
  readonly records: number;
  readonly gaps: number;
  readonly duplicates: number;
  readonly inversions: number;
  readonly differences: number;
  readonly upTo: Readonly<Record<string, number>>;
  readonly first: object | null;
}

/** All of the topic is read. */
const COMPARISON_MS = 290_000;

/** `fleetlog relay …`: the proof that Kafka has each event once and in order. */
export function addRelayCommands(program: Command, contextOf: ContextFactory): void {
  program
    .command('relay')
    .description('the relay to Kafka')
    .command('verify')
    .description('compare the topic with the journal, byte by byte; exit code 1 when they differ')
    .option('--wait <duration>', 'let the relay catch up first, so long at most', duration)
    .action(async (options: { readonly wait?: number }, command: Command) => verify(await contextOf(command), options));
}

async function verify({ client, output, terminal }: CommandContext, { wait }: { readonly wait?: number }) {
  const request = { method: 'POST', path: '/api/v1/system/relay/verify', patienceMs: COMPARISON_MS } as const;
  client.preview(request);
  if (wait !== undefined) {
    const isRelayed = async (): Promise<boolean> => {
      const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
      return (body as SystemStatus).shards.every(({ lagEvents }) => lagEvents === 0);
    };
    output.note('waiting for the relay to catch up');
    if (!(await untilTrue(isRelayed, wait, terminal.signal))) {
      throw new CliFailure('The relay has not caught up.', {
        exitCode: terminal.signal.aborted ? EXIT.failure : EXIT.timeout,
        hint: '`npx fleetlog status` tells how far it is.',
      });
    }
  }
  const { body } = await client.call(request);
  const found = body as Verification;
  const { records, gaps, duplicates, inversions, differences, upTo, first } = found;
  const counts = { gaps, duplicates, inversions, differences };
  await output.record(found, [
    ['records', String(records)],
    ...Object.entries(counts).map(([name, count]) => [name, String(count)] as const),
    [
      'up to',
      Object.entries(upTo)
        .map(([shard, position]) => `${shard}:${position}`)
        .join(','),
    ],
    ...(first === null ? [] : [['first', JSON.stringify(first)] as const]),
  ]);
  if (Object.values(counts).some((count) => count > 0)) throw new CliFailure('Topic and journal differ.');
  output.note('✓ Kafka has each event once, in order, as it was journaled.');
}
