import { signal } from '@preact/signals';
import { Badge } from '../../components/badge.js';
import { Banner } from '../../components/banner.js';
import { Button } from '../../components/button.js';
import { Chart } from '../../components/chart.js';
import { Code } from '../../components/code.js';
import { Copyable } from '../../components/copy.js';
import { Empty } from '../../components/empty.js';
import { EventFacts } from '../../components/event-facts.js';
import { Field } from '../../components/field.js';
import { Lamp, type LampState } from '../../components/lamp.js';
import { Panel } from '../../components/panel.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Skeleton } from '../../components/skeleton.js';
import { Sparkline } from '../../components/sparkline.js';
import { Table } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { Timeline } from '../../components/timeline.js';
import { confirmDone } from '../../components/toast.js';
import { fleetlogLine } from '../../format/commands.js';
import { Page } from '../../frame/page.js';
import { NoEvents } from '../events/no-events.js';
import { EVENTS, NOW, PROBLEM, SERIES, SHARDS, TIMES } from './samples.js';

const LAMPS: readonly LampState[] = ['online', 'offline', 'silent', 'never', 'disabled'];
const name = signal('pump-7');
const wrong = signal('pump 7');

/** Every component in every state, for those who build pages and for the screenshots. Development builds only. */
export function GalleryPage() {
  return (
    <main class="content">
      <Page
        title="Gallery"
        lead="Every component, as it looks in this theme."
        actions={<Button kind="primary" label="Primary" />}
        outside={{ question: { path: '/api/v1/devices' }, fleetlog: fleetlogLine(['device', 'ls']) }}
      >
        <Banner>A sentence over a whole page.</Banner>
        <Banner tone="bad">Not acknowledging: devices keep their messages and send again.</Banner>
        <div class="columns columns-even">
          <Panel title="Controls">
            <div class="form">
              <div class="page-actions">
                <Button label="Secondary" />
                <Button kind="quiet" label="Quiet" />
                <Button kind="danger" label="Revoke" />
                <Button label="Busy" busy />
                <Button label="Copy" icon="copy" onPress={() => confirmDone('Copied')} />
                <Button label="Pause" icon="pause" iconOnly />
              </div>
              <Field label="Device id" value={name} note="Letters, digits, dots, dashes." />
              <Field label="Device id" value={wrong} fault="A space can not be part of an id." />
            </div>
          </Panel>
          <Panel title="Words" note="shape and word, never colour alone">
            <div class="form">
              <p class="page-actions">
                {LAMPS.map((state) => (
                  <Lamp key={state} state={state} />
                ))}
              </p>
              <p class="page-actions">
                <Badge>weather-station</Badge>
                <Badge tone="good">active</Badge>
                <Badge tone="warn">expires in 12 d</Badge>
                <Badge tone="bad">revoked</Badge>
                <Badge tone="accent">waiting 3 min</Badge>
              </p>
              <p>
                <Copyable text="554e49df4add082391d22ae85a06cc3a" shown="554e49df" /> issued <Time at={NOW - 180_000} />
              </p>
              <Sparkline values={SERIES[0]?.values.map((value) => value ?? 0) ?? []} />
              <Code label="the line" text="npx fleetlog events tail --device seattle-2012" />
            </div>
          </Panel>
        </div>
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
          <Timeline
            label="Events of all devices"
            events={EVENTS.slice(0, 3)}
            place="position"
            devices
            onOpen={() => undefined}
            sheetOf={(event) => (event === EVENTS[1] ? <EventFacts event={event} /> : undefined)}
          />
        </Panel>
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
        </Panel>
        <div class="columns columns-even">
          <Panel title="Empty" flush>
            <Empty title="No devices yet.">
              <p>
                Connect one, or run <code>npx fleetlog simulate --devices 50</code>.
              </p>
            </Empty>
          </Panel>
          <Panel title="Nothing matches" flush>
            <NoEvents request={{ device: 'pump-7', from: new Date(NOW).toISOString() }} passed={40_000} />
          </Panel>
          <Panel title="Loading" flush>
            <Skeleton />
          </Panel>
        </div>
        <Panel title="Problem" flush>
          <ProblemNote problem={PROBLEM} onRetry={() => undefined} />
        </Panel>
      </Page>
    </main>
  );
}
