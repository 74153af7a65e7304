import { useMemo } from 'preact/hooks';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import type { Resource } from '../../data/resource.js';
import { fixed, grouped } from '../../format/numbers.js';
import type { SystemStatus } from './system.js';
import { createTrends } from './trend.js';
import { TrendWord } from './trend-word.js';

type Subscription = SystemStatus['subscriptions'][number];

const lagEvents = ({ shards }: Subscription): number => shards.reduce((sum, shard) => sum + shard.lagEvents, 0);
const lagSeconds = ({ shards }: Subscription): number => Math.max(0, ...shards.map((shard) => shard.lagSeconds));
const checkpoint = ({ shards }: Subscription): number => shards.reduce((sum, shard) => sum + shard.checkpoint, 0);

/** Every reader of the journal, over all shards. */
export function Subscriptions({ system }: { readonly system: Resource<SystemStatus> }) {
  const trendOf = useMemo(createTrends, []);
  const { data, at } = system.reading.value;
  const trends = useMemo(
    () => new Map(data?.subscriptions.map((one) => [one.name, trendOf(one.name, lagEvents(one))])),
    [at],
  );
  return (
    <Panel title="Subscriptions" note="each with a checkpoint of its own; events over all shards" flush>
      <Loaded of={system}>
        {({ subscriptions }) => (
          <Table<Subscription>
            label="Subscriptions"
            rows={subscriptions}
            keyOf={({ name }) => name}
            columns={[
              { key: 'name', title: 'Subscription', cell: ({ name }) => name },
              { key: 'state', title: 'State', cell: (one) => <State {...one} /> },
              { key: 'done', title: 'Finished', numeric: true, cell: (one) => <code>{grouped(checkpoint(one))}</code> },
              { key: 'events', title: 'Lag, events', numeric: true, cell: (one) => grouped(lagEvents(one)) },
              { key: 'seconds', title: 'Lag, s', numeric: true, cell: (one) => fixed(lagSeconds(one), 1) },
              { key: 'trend', title: 'Trend', cell: ({ name }) => <TrendWord trend={trends.get(name) ?? 'stable'} /> },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function State({ state, reason }: Subscription) {
  return (
    <span class={state === 'waiting' ? 'warn' : undefined} title={reason}>
      {state === 'catching-up' ? 'catching up' : state}
      {reason !== undefined && `: ${reason}`}
    </span>
  );
}
