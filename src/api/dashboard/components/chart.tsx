import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import uPlot from 'uplot';
import { preferences, theme } from '../data/preferences.js';
import { measured } from '../format/numbers.js';
import { clockTime, dateTime } from '../format/times.js';
import { Button } from './button.js';
import { alignedData, dashOf, plotOptions, type ChartMarker, type ChartSeries } from './chart-options.js';

export interface ChartProps {
  readonly label: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** What the time axis shows, seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly markers?: readonly ChartMarker[];
  readonly height?: number;
  readonly fromZero?: boolean;
  /** Buttons beside the one that shows the table. */
  readonly actions?: ComponentChildren;
  /** The highest value of the scale; what is above is cut off, with its peak in figures. */
  readonly ceiling?: number | undefined;
  /** A range was drawn with the pointer or asked for with `+` and `-`. */
  readonly onZoom?: (from: number, to: number) => void;
  readonly onZoomOut?: () => void;
}

/** Rows of the chart's table: what a person reads, not an export. */
const TABLE_ROWS = 200;

/** Lines over time, with the values under the crosshair, and the same as a table. */
export function Chart(props: ChartProps) {
  const { label, times, series, from, to, height = 240 } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const cursor = useSignal<number | undefined>(undefined);
  const asTable = useSignal(false);
  const { zone } = preferences.value;
  const shape = series.map(({ name, band }) => `${name}${band ? '+' : ''}`).join('\n');

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let gone = false;
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    // Canvas takes the font that is there when it draws, and never looks again.
    void document.fonts.load('12px "Plex Sans"').then(() => {
      if (gone) return;
      plot.current = new uPlot(
        plotOptions({
          series: latest.current.series,
          markers: () => latest.current.markers ?? [],
          range: () => [latest.current.from, latest.current.to],
          width: element.clientWidth,
          height,
          zone,
          fromZero: props.fromZero ?? false,
          ceiling: () => latest.current.ceiling,
          onCursor: (index) => (cursor.value = index),
          onZoom: (a, b) => latest.current.onZoom?.(a, b),
        }),
        alignedData(latest.current.times, latest.current.series),
        element,
      );
      resize.observe(element);
    });
    return () => {
      gone = true;
      resize.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, height, zone, theme.value, asTable.value]);

  useEffect(() => plot.current?.setData(alignedData(times, series)), [times, series, from, to]);

  const at = cursor.value ?? times.length - 1;
  return (
    <figure class="chart" aria-label={label}>
      <div class="legend">
        {series.map(({ name, unit, values }, index) => (
          <span key={name} class="legend-entry">
            <LegendLine index={index} />
            {name}
            <span class="legend-value">{shown(values[at])}</span>
            {unit}
          </span>
        ))}
        <span class="legend-entry faint">{times[at] !== undefined && clockTime(times[at] * 1000, zone)}</span>
        <span class="legend-actions">
          {props.actions}
          <Button
            kind="quiet"
            iconOnly
            icon={asTable.value ? 'chart' : 'table'}
            label={asTable.value ? 'Show as chart' : 'Show as table'}
            onPress={() => (asTable.value = !asTable.value)}
          />
        </span>
      </div>
      {asTable.value ? (
        <ChartTable {...props} />
      ) : (
        // The picture's text is its summary; keys move the crosshair whose values the legend shows.
        <div
          ref={place}
          class="chart-plot"
          role="img"
          aria-label={`${label}. ${summary(series)}`}
          tabIndex={0}
          onDblClick={() => props.onZoomOut?.()}
          onKeyDown={(event) => {
            if (plot.current && moveByKey(plot.current, event.key, props)) event.preventDefault();
          }}
        />
      )}
    </figure>
  );
}

function LegendLine({ index }: { readonly index: number }) {
  return (
    <svg class="legend-line" viewBox="0 0 16 2" aria-hidden="true">
      <path d="M0 1h16" class={`series-${(index % 6) + 1}`} stroke-dasharray={dashOf(index).join(' ')} />
    </svg>
  );
}

function moveByKey(plot: uPlot, key: string, { times, from, to, onZoom, onZoomOut }: ChartProps): boolean {
  const span = to - from;
  const index = plot.cursor.idx ?? times.length - 1;
  const time = times[Math.max(0, Math.min(times.length - 1, index + (key === 'ArrowLeft' ? -1 : 1)))];
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowRight':
      if (time !== undefined) plot.setCursor({ left: plot.valToPos(time, 'x'), top: 0 });
      return true;
    case '+':
      onZoom?.(from + span / 4, to - span / 4);
      return true;
    case '-':
      onZoomOut?.();
      return true;
    default:
      return false;
  }
}

function ChartTable({ label, times, series }: ChartProps) {
  const { zone } = preferences.value;
  const first = Math.max(0, times.length - TABLE_ROWS);
  return (
    <div class="table-scroll chart-table" tabIndex={0} role="region" aria-label={`${label}, table`}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map(({ name, unit }) => (
              <th key={name} scope="col" class="number">
                {name}
                {unit && `, ${unit}`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .slice(first)
            .map((time, row) => (
              <tr key={time}>
                <td data-label="Time" class="nowrap">
                  {dateTime(time * 1000, zone).slice(5, 11)} {clockTime(time * 1000, zone)}
                </td>
                {series.map(({ name, values }) => (
                  <td key={name} data-label={name} class="number">
                    {shown(values[first + row])}
                  </td>
                ))}
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </div>
  );
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : measured(value);
}

function summary(series: readonly ChartSeries[]): string {
  return series
    .map(({ name, unit = '', values }) => {
      let [low, high, last] = [Infinity, -Infinity, undefined as number | undefined];
      for (const value of values) {
        if (value === null) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
        last = value;
      }
      if (last === undefined) return `${name} has no value`;
      return `${name} from ${measured(low)} to ${measured(high)} ${unit}, last ${measured(last)}`;
    })
    .join('; ');
}
