import { useMemo } from 'preact/hooks';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import type { Resource } from '../../data/resource.js';
import { fixed, grouped } from '../../format/numbers.js';
import type { SystemStatus } from './system.js';
import { createTrends } from './trend.js';
import { TrendWord } from './trend-word.js';

type Shard = SystemStatus['shards'][number];

/** Each slice of the journal: how far it is, and how far Kafka is. */
export function Shards({ system }: { readonly system: Resource<SystemStatus> }) {
  const trendOf = useMemo(createTrends, []);
  const { data, at } = system.reading.value;
  const trends = useMemo(
    () => new Map(data?.shards.map(({ shard, lagEvents }) => [shard, trendOf(String(shard), lagEvents)])),
    [at],
  );
  return (
    <Panel title="Shards" note="a shard is a partition of the topic" flush>
      <Loaded of={system} lines={8}>
        {({ shards, relay }) => (
          <Table<Shard>
            label="Shards"
            rows={shards}
            keyOf={({ shard }) => String(shard)}
            columns={[
              { key: 'shard', title: 'Shard', cell: ({ shard }) => <code>{shard}</code> },
              { key: 'head', title: 'Head', numeric: true, cell: ({ head }) => <code>{grouped(head)}</code> },
              {
                key: 'relayed',
                title: 'In Kafka',
                numeric: true,
                cell: ({ relayed }) => (relay.state === 'off' ? '–' : <code>{grouped(relayed)}</code>),
              },
              {
                key: 'events',
                title: 'Lag, events',
                numeric: true,
                cell: ({ lagEvents }) => (relay.state === 'off' ? '–' : grouped(lagEvents)),
              },
              {
                key: 'seconds',
                title: 'Lag, s',
                numeric: true,
                cell: ({ lagSeconds }) => (relay.state === 'off' ? '–' : fixed(lagSeconds, 1)),
              },
              {
                key: 'trend',
                title: 'Trend',
                cell: ({ shard }) => (relay.state === 'off' ? '' : <TrendWord trend={trends.get(shard) ?? 'stable'} />),
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
