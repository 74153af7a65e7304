import { signal } from '@preact/signals';
import { Empty } from '../../components/empty.js';
import { Fault } from '../../components/fault.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Skeleton } from '../../components/skeleton.js';
import type { Resource } from '../../data/resource.js';
import { NoEvents } from '../events/no-events.js';
import { NOW, PROBLEM } from './samples.js';

/** Read once, and not again. */
const STALE: Resource<string> = {
  reading: signal({ data: '20 devices', at: new Date(NOW), problem: PROBLEM, outdated: false }),
  reload: () => Promise.resolve(),
  replace: () => undefined,
};

/** What a panel shows when it has nothing to show, does not know yet, or has failed. */
export function States() {
  return (
    <>
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
        <Panel title="Problem" flush>
          <ProblemNote problem={PROBLEM} onRetry={() => undefined} />
        </Panel>
        <Panel title="The last good data" flush>
          <Loaded of={STALE}>{(text) => <p class="panel-body">{text}</p>}</Loaded>
        </Panel>
        <Panel title="A part that can not be drawn" flush>
          <Fault>
            <Broken />
          </Fault>
        </Panel>
      </div>
    </>
  );
}

function Broken(): never {
  throw new Error('This part is broken on purpose.');
}
