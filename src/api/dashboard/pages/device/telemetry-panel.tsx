import { useMemo } from 'preact/hooks';
import { useLocation } from 'preact-iso/router';
import { Chart } from '../../components/chart.js';
import type { ChartMarker } from '../../components/chart-options.js';
import { ChipFilter } from '../../components/chip-filter.js';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Segmented } from '../../components/segmented.js';
import { Time } from '../../components/time.js';
import { get, type Schema } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import { useResource } from '../../data/resource.js';
import { withQuery } from '../../frame/query.js';
import { joined, pointsOf, withEvents } from './telemetry-columns.js';

const MINUTE = 60;
const RANGES = { '15m': 15 * MINUTE, '1h': 60 * MINUTE, '24h': 24 * 60 * MINUTE, '90d': 90 * 24 * 60 * MINUTE };
type Range = keyof typeof RANGES;
const RANGE_WORDS: Readonly<Record<Range, string>> = { '15m': '15 min', '1h': '1 h', '24h': '24 h', '90d': '90 d' };
/** Lines that are drawn before anybody chooses. */
const FIRST_METRICS = 3;
/** Longer ranges change slowly: they are read again instead of being followed point by point. */
const FOLLOWED: readonly Range[] = ['15m', '1h'];
const REREAD_MS = 60_000;

export interface TelemetryPanelProps {
  readonly device: string;
  readonly latest: Schema<'LatestTelemetry'> | undefined;
  /** What the stream has told since the page was opened, in its order. */
  readonly events: readonly JournalEvent[];
  readonly now: number;
}

/** The device's metrics over time: history from the projection, and behind it what the stream tells. */
export function TelemetryPanel({ device, latest, events, now }: TelemetryPanelProps) {
  const { query, route } = useLocation();
  const range: Range = query['range'] !== undefined && query['range'] in RANGES ? (query['range'] as Range) : '15m';
  const zoom = parseZoom(query['zoom']);
  const span = RANGES[range] * 1000;
  const [from, to] = zoom ?? [now - span, now];
  const history = useResource(
    (abort) => {
      const end = zoom?.[1] ?? Date.now();
      const begin = zoom?.[0] ?? end - span;
      return get('/api/v1/devices/{deviceId}/telemetry', {
        path: { deviceId: device },
        query: { from: String(Math.round(begin)), to: String(Math.round(end)) },
        signal: abort,
      });
    },
    [device, range, query['zoom']],
    REREAD_MS,
  );
  const { data } = history.reading.value;
  const live = zoom === undefined && FOLLOWED.includes(range);
  const all = useMemo(() => {
    const points = data === undefined ? [] : pointsOf(data);
    return live ? withEvents(points, events, from) : points;
  }, [data, events, live]);
  const chosen = query['metrics']?.split(',') ?? all.slice(0, FIRST_METRICS).map(({ metric }) => metric);
  const shown = all.filter(({ metric }) => chosen.includes(metric));
  const { times, series } = useMemo(() => joined(shown, data?.every ?? null), [all, chosen.join(), data]);
  const go = (change: Readonly<Record<string, string | undefined>>): void => route(withQuery(change), true);

  return (
    <Panel
      title="Telemetry"
      note={
        <Segmented
          label="Range"
          options={(Object.keys(RANGES) as Range[]).map((value) => ({ value, word: RANGE_WORDS[value] }))}
          value={range}
          onChange={(value) => go({ range: value === '15m' ? undefined : value, zoom: undefined })}
        />
      }
    >
      <Loaded of={history} lines={6}>
        {({ every, skewMs }) =>
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
                label={`Telemetry of ${device}, ${zoom ? 'chosen range' : `last ${RANGE_WORDS[range]}`}`}
                times={times}
                series={series}
                from={from / 1000}
                to={to / 1000}
                markers={markersOf(events)}
                onZoom={(a, b) => go({ zoom: `${Math.round(a * 1000)}-${Math.round(b * 1000)}` })}
                onZoomOut={() => go({ zoom: undefined })}
              />
              <p class="faint chart-note">
                {every === null ? 'Every point' : `Mean of each ${every} s, in the band from the least to the greatest`}{' '}
                · by the server's clock
                {skewMs !== null && Math.abs(skewMs) > 2000 && `, the device's is off by ${skewMs} ms`}
                {zoom && (
                  <>
                    {' · '}
                    <a href={withQuery({ zoom: undefined })}>back to the last {RANGE_WORDS[range]}</a>
                  </>
                )}
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

function parseZoom(text: string | undefined): readonly [number, number] | undefined {
  const [from = NaN, to = NaN] = (text ?? '').split('-').map(Number);
  return to > from ? [from, to] : undefined;
}

function markersOf(events: readonly JournalEvent[]): readonly ChartMarker[] {
  return events.flatMap(({ type, recordedAt }) => {
    const tone = { DeviceConnected: 'accent', DeviceDisconnected: 'quiet', MessageRejected: 'bad' }[type];
    return tone === undefined ? [] : [{ at: Date.parse(recordedAt) / 1000, tone: tone as ChartMarker['tone'] }];
  });
}
