import type { Command } from 'commander';
import type { ContextFactory } from '../command-context.js';
import type { Column, Output } from '../output.js';

/** `GET /system/status`. */
export interface SystemStatus {
  readonly version: string;
  readonly shards: readonly ShardStatus[];
  readonly relay: { readonly state: string; readonly reason?: string };
  /** Absent from older servers. */
  readonly quarantined?: readonly { readonly stream: string; readonly detail: string }[];
  readonly subscriptions: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason?: string;
    readonly shards: readonly { readonly lagEvents: number; readonly lagSeconds: number }[];
  }[];
}

interface ShardStatus {
  readonly shard: number;
  readonly head: number;
  readonly relayed: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
}

const SHARD_COLUMNS: readonly Column<ShardStatus>[] = [
  { title: 'SHARD', align: 'right', cell: ({ shard }) => String(shard) },
  { title: 'HEAD', align: 'right', cell: ({ head }) => String(head) },
  { title: 'RELAYED', align: 'right', cell: ({ relayed }) => String(relayed) },
  {
    title: 'LAG',
    align: 'right',
    cell: ({ lagEvents }) => String(lagEvents),
    colour: ({ lagEvents }) => (lagEvents > 0 ? 'warn' : undefined),
  },
  { title: 'LAG s', align: 'right', cell: ({ lagSeconds }) => lagSeconds.toFixed(1) },
];

/** `fleetlog status`: how far the journal and its readers are. */
export function addStatusCommand(program: Command, contextOf: ContextFactory): void {
  program
    .command('status')
    .description('how far the journal, Kafka and the subscriptions are')
    .action(async (_options: object, command: Command) => {
      const { client, output } = await contextOf(command);
      const { body } = await client.call({ method: 'GET', path: '/api/v1/system/status' });
      const status = body as SystemStatus;
      if (output.isTable) await show(output, status);
      else await output.json(JSON.stringify(status));
    });
}

async function show(output: Output, { version, shards, relay, subscriptions }: SystemStatus): Promise<void> {
  const events = shards.reduce((sum, { head }) => sum + head, 0);
  await output.record({}, [
    ['version', version],
    ['events', String(events)],
    ['Kafka', `${relay.state}${relay.reason === undefined ? '' : `: ${relay.reason}`}`],
    ...subscriptions.map(({ name, state, reason, shards: lags }) => {
      const lag = lags.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
      return [name, `${state}${reason === undefined ? '' : `: ${reason}`}, ${lag} events behind`] as const;
    }),
  ]);
  await output.text('');
  await output.rows(shards, SHARD_COLUMNS, 'No shards.');
}
