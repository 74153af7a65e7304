import type uPlot from 'uplot';
import { grouped, measured } from '../format/numbers.js';
import { clockTime, dateTime, day, type Zone } from '../format/times.js';

/** One line of a chart. `null` is a gap and stays one. */
export interface ChartSeries {
  readonly name: string;
  readonly unit?: string;
  readonly values: readonly (number | null)[];
  /** What the values of a bucket lie between, drawn as a band behind the line. */
  readonly band?: { readonly min: readonly (number | null)[]; readonly max: readonly (number | null)[] };
}

/** A moment worth knowing on the chart's own time axis. */
export interface ChartMarker {
  /** Seconds since 1970. */
  readonly at: number;
  readonly tone: 'accent' | 'bad' | 'quiet';
}

const DAY_SECONDS = 86_400;
/** From the fourth line on colour alone is not enough. */
const DASHES: readonly number[][] = [[], [], [], [6, 3], [2, 3], [8, 3, 2, 3]];

/** Values that are usual among those shown: a scale up to it shows them, and what is above is cut off and told. */
const USUAL = 0.9;
/** How much higher than usual a peak may be before it is cut off. */
const TALLEST = 4;
/** Width of half a label of the time axis, px: nearer to the end it would be cut off. */
const HALF_LABEL = 28;

/** Where a line of counts is cut off, so that one spike does not press all the rest to the ground; `undefined` = nowhere. */
export function ceilingOf(values: readonly (number | null)[]): number | undefined {
  const sorted = values.filter((value) => value !== null && value > 0).sort((a, b) => (a ?? 0) - (b ?? 0));
  const usual = sorted[Math.floor((sorted.length - 1) * USUAL)] ?? 0;
  const most = sorted.at(-1) ?? 0;
  return usual > 0 && most > usual * TALLEST ? usual * 2 : undefined;
}

/** A design token's value now: canvas knows no custom properties. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The dash pattern of the n-th line. */
export function dashOf(index: number): number[] {
  return DASHES[index % DASHES.length] ?? [];
}

function seriesColor(index: number): string {
  return token(`series-${(index % 6) + 1}`);
}

/** The data of uPlot's columns: times, then each line's mean, maximum and minimum. */
export function alignedData(times: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  return [
    times,
    ...series.flatMap(({ values, band }) => (band ? [values, band.max, band.min] : [values])),
  ] as uPlot.AlignedData;
}

export function plotOptions(given: {
  readonly series: readonly ChartSeries[];
  readonly markers: () => readonly ChartMarker[];
  readonly range: () => readonly [number, number];
  readonly width: number;
  readonly height: number;
  readonly zone: Zone;
  /** The lowest value axis, where lines near zero should stand on it. */
  readonly fromZero: boolean;
  /** The highest value of the scale, where it does not follow the line. */
  readonly ceiling: () => number | undefined;
  readonly onCursor: (index: number | undefined) => void;
  readonly onZoom: ((from: number, to: number) => void) | undefined;
}): uPlot.Options {
  const { series, range, zone } = given;
  const columns: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  series.forEach(({ name, band }, index) => {
    const stroke = seriesColor(index);
    columns.push({ label: name, stroke, width: 1.5, dash: dashOf(index), points: { show: false }, spanGaps: false });
    if (!band) return;
    columns.push({ points: { show: false } }, { points: { show: false } });
    bands.push({ series: [columns.length - 2, columns.length - 1], fill: `${stroke}24` });
  });
  const axis = { stroke: token('text-3'), font: '12px "Plex Sans"', ticks: { show: false } };
  return {
    width: given.width,
    height: given.height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7, fill: token('surface') }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { time: true, range: () => [...range()] },
      y: {
        range: (_plot, min, max) => {
          const low = given.fromZero ? 0 : min;
          const spread = Math.max(max - low, 1e-9);
          return [given.fromZero ? 0 : low - spread * 0.08, given.ceiling() ?? max + spread * 0.12];
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 28,
        gap: 6,
        space: 90,
        grid: { show: false },
        values: (_plot, splits, _axis, _space, step) => {
          const [from, to] = range();
          const whole = to - ((to - from) * HALF_LABEL) / given.width;
          return splits.map((at) => (at > whole ? null : tick(at, step, zone)));
        },
      },
      {
        ...axis,
        size: 48,
        gap: 8,
        space: 36,
        grid: { stroke: token('line'), width: 1 },
        values: (_plot, splits) => splits.map((value) => (Math.abs(value) < 1e9 ? measured(value) : grouped(value))),
      },
    ],
    series: columns,
    bands,
    hooks: {
      setCursor: [({ cursor }) => given.onCursor(cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          given.onZoom?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => drawMarkers(plot, given.markers()), (plot) => drawPeaks(plot, given.ceiling())],
    },
  };
}

function tick(at: number, step: number, zone: Zone): string {
  if (step >= DAY_SECONDS) return day(at * 1000, zone).slice(5);
  if (step >= DAY_SECONDS / 4) return dateTime(at * 1000, zone).slice(5);
  return clockTime(at * 1000, zone).slice(0, step < 60 ? 8 : 5);
}

/** Small triangles on the time axis, and a hairline up from each. */
function drawMarkers(plot: uPlot, markers: readonly ChartMarker[]): void {
  const { ctx } = plot;
  const { top, height, left, width } = plot.bbox;
  const size = 5 * devicePixelRatio;
  ctx.save();
  for (const { at, tone } of markers) {
    const x = Math.round(plot.valToPos(at, 'x', true));
    if (x < left || x > left + width) continue;
    const color = token(tone === 'quiet' ? 'line-strong' : tone);
    ctx.strokeStyle = `${color}66`;
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - size, top + height);
    ctx.lineTo(x + size, top + height);
    ctx.lineTo(x, top + height - size * 1.4);
    ctx.fill();
  }
  ctx.restore();
}

/** Where the line leaves the scale, its true peak in figures. */
function drawPeaks(plot: uPlot, ceiling: number | undefined): void {
  if (ceiling === undefined) return;
  const [times = [], values = []] = plot.data;
  const { ctx } = plot;
  const { left, width, top } = plot.bbox;
  ctx.save();
  ctx.font = `500 ${12 * devicePixelRatio}px "Plex Sans"`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  let free = left;
  for (const { index, value } of peaksAbove([...values], ceiling)) {
    const text = `▲ ${grouped(value)}`;
    const { width: wide } = ctx.measureText(text);
    const x = plot.valToPos(times[index] ?? 0, 'x', true);
    // At the right of its line, or at the left where the paper ends.
    const from = x + wide + 16 > left + width ? x - wide - 8 : x + 8;
    if (x < left || from < free) continue;
    // On paper of its own, where a line runs below it.
    ctx.fillStyle = token('surface');
    ctx.fillRect(from - 4, top, wide + 8, 16 * devicePixelRatio);
    ctx.fillStyle = token('text-2');
    ctx.fillText(text, from, top + 2 * devicePixelRatio);
    free = from + wide + 8;
  }
  ctx.restore();
}

/** The highest point of each stretch above a value. */
function peaksAbove(
  values: readonly (number | null | undefined)[],
  ceiling: number,
): { readonly index: number; readonly value: number }[] {
  const peaks: { index: number; value: number }[] = [];
  let above = false;
  values.forEach((value, index) => {
    const was = above;
    above = (value ?? 0) > ceiling;
    if (!above) return;
    const last = peaks.at(-1);
    if (!was) peaks.push({ index, value: value ?? 0 });
    else if (last && (value ?? 0) > last.value) Object.assign(last, { index, value });
  });
  return peaks;
}
