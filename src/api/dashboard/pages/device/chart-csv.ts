import type { ChartSeries } from '../../components/chart-options.js';

/**
 * What a chart shows, as CSV (RFC 4180): a row for each time, a column for each line, and where it is drawn in buckets their
 * least and greatest. Empty where a line has no point.
 * @param times seconds since 1970
 */
export function chartCsv(times: readonly number[], series: readonly ChartSeries[]): string {
  const columns = series.flatMap(({ name, values, band }) => [
    { name, values },
    ...(band
      ? [
          { name: `${name} min`, values: band.min },
          { name: `${name} max`, values: band.max },
        ]
      : []),
  ]);
  const rows = times.map((time, row) => [
    new Date(Math.round(time * 1000)).toISOString(),
    ...columns.map(({ values }) => String(values[row] ?? '')),
  ]);
  return (
    [['time', ...columns.map(({ name }) => cell(name))], ...rows].map((row) => row.join(',')).join('\r\n') + '\r\n'
  );
}

/** A device names its metrics: a name that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
