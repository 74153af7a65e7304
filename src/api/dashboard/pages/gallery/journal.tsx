import { signal } from '@preact/signals';
import { Badge } from '../../components/badge.js';
import { Chart } from '../../components/chart.js';
import { EventFacts } from '../../components/event-facts.js';
import { NewEvents } from '../../components/new-events.js';
import { Pager } from '../../components/pager.js';
import { Panel } from '../../components/panel.js';
import { RailRow } from '../../components/rail-row.js';
import { Table } from '../../components/table.js';
import { Timeline } from '../../components/timeline.js';
import type { EventTail } from '../../data/event-tail.js';
import { EVENTS, NOW, SERIES, SHARDS, TIMES } from './samples.js';

/** A list that is held while 37 more have come. */
const HELD: EventTail = {
  events: signal(EVENTS),
  waiting: signal(37),
  list: () => undefined,
  show: () => undefined,
  begin: () => undefined,
  append: () => undefined,
};

/** What is drawn of many events. */
export function Journal() {
  return (
    <>
      <Panel title="Chart">
        <Chart
          label="Temperature"
          times={TIMES}
          series={SERIES}
          from={TIMES[0] ?? 0}
          to={TIMES.at(-1) ?? 0}
          markers={[{ at: TIMES[40] ?? 0, tone: 'bad' }]}
        />
      </Panel>
      <Panel title="Timeline" note="the sequence rail" flush>
        <Timeline label="Events" events={EVENTS} place="sequence" />
      </Panel>
      <Panel title="Timeline with an open event" note="across devices, by shard and position" flush>
        <NewEvents tail={HELD} />
        <Timeline
          label="Events of all devices"
          events={EVENTS.slice(0, 3)}
          place="position"
          devices
          onOpen={() => undefined}
          sheetOf={(event) => (event === EVENTS[1] ? <EventFacts event={event} /> : undefined)}
        />
      </Panel>
      <div class="columns columns-even">
        <Panel title="Table" flush>
          <Table
            label="Shards"
            rows={SHARDS}
            keyOf={({ shard }) => String(shard)}
            sort="-head"
            onSort={() => undefined}
            columns={[
              { key: 'shard', title: 'Shard', sortable: true, cell: ({ shard }) => shard },
              { key: 'head', title: 'Head', numeric: true, sortable: true, cell: ({ head }) => head },
            ]}
          />
          <div class="table-foot">
            <span>2 of about 64</span>
            <Pager next="eyJ" />
          </div>
        </Panel>
        <Panel title="One row of the rail" flush>
          <ol class="timeline" aria-label="One row">
            <RailRow
              place="42"
              tone="accent"
              at={new Date(NOW).toISOString()}
              end={<Badge tone="warn">what you change</Badge>}
            >
              <span class="timeline-type">device updated</span>
              <span class="timeline-detail">/name by user/ann</span>
            </RailRow>
          </ol>
        </Panel>
      </div>
    </>
  );
}
