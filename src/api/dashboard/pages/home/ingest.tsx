import { useMemo } from 'preact/hooks';
import { Chart } from '../../components/chart.js';
import { ceilingOf } from '../../components/chart-options.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import type { Resource } from '../../data/resource.js';
import { grouped } from '../../format/numbers.js';
import type { SystemActivity } from '../health/system.js';

const SHOWN_SECONDS = 15 * 60;
/** A server that has just started has less to show: its line begins at the left all the same. */
const LEAST_SECONDS = 2 * 60;

/** Events journaled per second. */
export function Ingest({ activity }: { readonly activity: Resource<SystemActivity> }) {
  const { data, at } = activity.reading.value;
  const to = Math.floor((at?.getTime() ?? Date.now()) / 1000);
  const { times, series } = useMemo(() => {
    const values = data?.events ?? [];
    return {
      times: values.map((_, index) => to - values.length + 1 + index),
      series: [{ name: 'events journaled', unit: 'per second', values }],
    };
  }, [data]);
  const shown = Math.min(SHOWN_SECONDS, Math.max(LEAST_SECONDS, times.length));
  const ceiling = useMemo(() => ceilingOf(data?.events ?? []), [data]);
  const last = data?.events.slice(-10) ?? [];
  const mean = last.length === 0 ? 0 : last.reduce((sum, count) => sum + count, 0) / last.length;
  return (
    <Panel
      title="Ingest"
      note={
        data &&
        `${grouped(mean)} events/s in the last 10 s${ceiling === undefined ? '' : '; the scale follows the usual rate, peaks are in figures'}`
      }
    >
      <Loaded of={activity} lines={4}>
        {() => (
          <Chart
            label="Events journaled per second, last 15 minutes"
            times={times}
            series={series}
            from={to - shown}
            to={to}
            height={160}
            fromZero
            ceiling={ceiling}
          />
        )}
      </Loaded>
    </Panel>
  );
}
