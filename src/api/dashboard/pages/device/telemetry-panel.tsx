import { useMemo } from 'preact/hooks';
import { useLocation } from 'preact-iso/router';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Chart } from '../../components/chart.js';
import { ChipFilter } from '../../components/chip-filter.js';
import { download } from '../../data/download.js';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Segmented } from '../../components/segmented.js';
import { Time } from '../../components/time.js';
import { get, type Schema } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import { useResource } from '../../data/resource.js';
import { duration } from '../../format/times.js';
import { withQuery } from '../../frame/query.js';
import { chartCsv } from './chart-csv.js';
import { MarkerKey, useMarkers } from './chart-markers.js';
import { ownRange, RANGES, readRange } from './chart-range.js';
import { SKEW_MS } from './device-state.js';
import { OwnRange, RangeChoice } from './range-choice.js';
import { joined, pointsOf, withEvents } from './telemetry-columns.js';

/** Lines that are drawn before anybody chooses. */
const FIRST_METRICS = 3;
const REREAD_MS = 60_000;

export interface TelemetryPanelProps {
  readonly device: string;
  readonly latest: Schema<'LatestTelemetry'> | undefined;
  /** What the stream has told since the page was opened, in its order. */
  readonly events: readonly JournalEvent[];
  /** Where a range that ends now ends, ms since 1970. */
  readonly now: number;
}

/** The device's metrics over time: history from the projection, and behind it what the stream tells. */
export function TelemetryPanel({ device, latest, events, now }: TelemetryPanelProps) {
  const { query, route } = useLocation();
  const view = readRange(query);
  const { range, own, follows } = view;
  // Without a choice the server takes the device's clock while it is right, else its own.
  const asked = query['time'] === 'device' || query['time'] === 'server' ? query['time'] : undefined;
  const ends = (end: number): readonly [number, number] => own ?? [end - RANGES[range].ms, end];
  const key = `${range} ${query['zoom'] ?? ''}`;
  const history = useResource(
    (signal) => {
      const [begin, end] = ends(Date.now());
      return get('/api/v1/devices/{deviceId}/telemetry', {
        path: { deviceId: device },
        query: { from: String(begin), to: String(end), time: asked },
        signal,
      });
    },
    [device, key, asked],
    REREAD_MS,
  );
  const markers = useMarkers(device, events, {
    from: () => ends(Date.now())[0],
    to: () => ends(Date.now())[1],
    key,
  });
  const [from, to] = ends(now);
  const { data } = history.reading.value;
  const clock = data?.time ?? asked ?? 'server';
  const all = useMemo(() => {
    const points = data === undefined ? [] : pointsOf(data);
    return follows ? withEvents(points, events, from, clock) : points;
  }, [data, events, follows]);
  const chosen = query['metrics']?.split(',') ?? all.slice(0, FIRST_METRICS).map(({ metric }) => metric);
  const shown = all.filter(({ metric }) => chosen.includes(metric));
  const { times, series } = useMemo(() => joined(shown, data?.every ?? null), [all, chosen.join(), data]);
  const go = (change: Readonly<Record<string, string | undefined>>): void => route(withQuery(change), true);
  const skewMs = latest?.skewMs ?? 0;

  return (
    <Panel
      title="Telemetry"
      note={
        <>
          <Segmented
            label="Whose clock"
            options={[
              { value: 'server', word: 'server time' },
              { value: 'device', word: 'device time' },
            ]}
            value={clock}
            onChange={(time) => go({ time })}
          />
          <RangeChoice of={view} shown={[from, to]} onChange={go} />
        </>
      }
    >
      {own && <OwnRange own={own} onChange={go} />}
      <Loaded of={history} lines={6}>
        {({ every }) =>
          all.length === 0 ? (
            <NoValues latest={latest} />
          ) : (
            <>
              <ChipFilter
                label="Metrics"
                options={all.map(({ metric }) => ({ value: metric, word: metric }))}
                chosen={chosen}
                onChange={(metrics) => go({ metrics: metrics.join(',') || undefined })}
              />
              <Chart
                label={`Telemetry of ${device}, ${own ? 'chosen range' : `last ${RANGES[range].word}`}`}
                times={times}
                series={series}
                from={from / 1000}
                to={to / 1000}
                markers={markers}
                actions={
                  <Button
                    kind="quiet"
                    icon="download"
                    iconOnly
                    label="CSV"
                    onPress={() => download(`${device}.csv`, new Blob([chartCsv(times, series)], { type: 'text/csv' }))}
                  />
                }
                onZoom={(a, b) => go({ zoom: ownRange(a * 1000, b * 1000) })}
                onZoomOut={() => go({ zoom: undefined })}
              />
              <p class="faint chart-note">
                <span>
                  {every === null
                    ? 'Every point'
                    : `Mean of each ${duration(every * 1000)}, in the band from the least to the greatest`}
                  , by the {clock}'s clock
                </span>
                {Math.abs(skewMs) > SKEW_MS && (
                  <Badge tone="warn">
                    device clock {duration(Math.abs(skewMs))} {skewMs > 0 ? 'ahead' : 'behind'}
                  </Badge>
                )}
                <MarkerKey markers={markers.filter(({ at }) => at >= from / 1000 && at <= to / 1000)} />
                {own && <a href={withQuery({ zoom: undefined })}>back to the last {RANGES[range].word}</a>}
              </p>
            </>
          )
        }
      </Loaded>
    </Panel>
  );
}

function NoValues({ latest }: Pick<TelemetryPanelProps, 'latest'>) {
  const newest = latest?.items.reduce<string>((last, { recordedAt }) => (recordedAt > last ? recordedAt : last), '');
  return newest === undefined || newest === '' ? (
    <Empty title="No value has been accepted yet.">
      <p>The first accepted message is drawn here.</p>
    </Empty>
  ) : (
    <Empty title="No value in this range.">
      <p>
        The last one was <Time at={newest} />. <a href={withQuery({ range: '90d', zoom: undefined })}>Show 90 days</a>
      </p>
    </Empty>
  );
}
