import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a station measured on one day, by metric. */
export type Observation = Readonly<Record<string, number | string>>;

/** Recorded observations of several places, each in the order of days. */
export interface Recording {
  readonly name: string;
  readonly locations: readonly string[];
  /**
   * All observations of a place, from the first day of `startYear` to the last day of the recording and then from its first
   * day on: every station sends every row, each from another year.
   * @throws Error for a place or a year that the recording does not have
   */
  series(location: string, startYear: number): readonly Observation[];
}

interface Row {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly observation: Observation;
}

/** Which column is what: `<name>.mapping.json` (format in `recordings/README.md`). */
interface Mapping {
  readonly series: string;
  readonly day: string;
  readonly metrics: Readonly<Record<string, { readonly column: string; readonly type: 'number' | 'text' }>>;
}

/** Beside this module, in the source and, copied by the build, in `dist/`. */
const FOLDER = join(import.meta.dirname, 'recordings');

/** Reads a recording that comes with the simulator. @throws Error when a row does not fit the mapping */
export async function loadRecording(name: string): Promise<Recording> {
  const [csv, mapping] = await Promise.all([
    readFile(join(FOLDER, `${name}.csv`), 'utf8'),
    readFile(join(FOLDER, `${name}.mapping.json`), 'utf8'),
  ]);
  return readRecording(name, csv, JSON.parse(mapping) as Mapping);
}

/** Reads a recording from its CSV text. @throws Error when a row does not fit the mapping */
export function readRecording(name: string, csv: string, mapping: Mapping): Recording {
  const [header = '', ...lines] = csv.trim().split(/\r?\n/);
  const columns = header.split(',');
  const rows = new Map<string, Row[]>();
  for (const [index, line] of lines.entries()) {
    const where = `${name}.csv, line ${index + 2}`;
    const { location, row } = readRow(line, columns, mapping, where);
    const series = rows.get(location) ?? [];
    if (row.day <= (series.at(-1)?.day ?? '')) throw new Error(`${where}: the days of ${location} do not ascend.`);
    series.push(row);
    rows.set(location, series);
  }
  return {
    name,
    locations: [...rows.keys()],
    series(location, startYear) {
      const series = rows.get(location);
      if (series === undefined) throw new Error(`The recording ${name} has no place ${location}.`);
      const first = series.findIndex(({ day }) => day.startsWith(`${startYear}-`));
      if (first < 0) throw new Error(`The recording ${name} of ${location} has no day in ${startYear}.`);
      return [...series.slice(first), ...series.slice(0, first)].map(({ observation }) => observation);
    },
  };
}

function readRow(
  line: string,
  columns: readonly string[],
  mapping: Mapping,
  where: string,
): { readonly location: string; readonly row: Row } {
  const fields = line.split(',');
  if (fields.length !== columns.length || line.includes('"'))
    throw new Error(`${where}: not ${columns.length} fields.`);
  const field = (column: string): string => {
    const value = fields[columns.indexOf(column)];
    if (value === undefined || value === '') throw new Error(`${where}: no ${column}.`);
    return value;
  };
  const observation: Record<string, number | string> = {};
  for (const [metric, { column, type }] of Object.entries(mapping.metrics)) {
    const text = field(column);
    const value = type === 'number' ? Number(text) : text;
    if (Number.isNaN(value)) throw new Error(`${where}: ${column} is no number.`);
    observation[metric] = value;
  }
  return { location: field(mapping.series), row: { day: field(mapping.day), observation } };
}
