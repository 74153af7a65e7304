import { once } from 'node:events';
import type { ApiRequest } from './client.js';
import { csvCells, csvLine } from './csv.js';
import type { CliFailure } from './failure.js';
import { rowLine, tableLines, type Table } from './table.js';
import { colour, printable, printableJson, type Colour, type Terminal } from './terminal.js';

/** What results are written as. */
export type OutputForm = 'table' | 'json' | 'csv';

/** Results on standard output, all else on standard error. Tables are for terminals; a pipe gets one JSON object a line. */
export interface Output {
  readonly form: OutputForm;
  /** Columns that a line may take. */
  readonly width: number;
  /** All rows, then the table; `empty` says what to do when there are none. */
  rows<Row extends object>(rows: AsyncIterable<Row> | Iterable<Row>, table: Table<Row>, empty: string): Promise<void>;
  /** Rows as they come, in columns of fixed width. */
  row<Row extends object>(row: Row, table: Table<Row>): Promise<void>;
  /** One thing: its JSON, or lines of name and value. */
  record(record: object, fields: readonly (readonly [name: string, value: string])[]): Promise<void>;
  /** A result that is lines of JSON on a terminal too. */
  json(line: string): Promise<void>;
  /** A line made for the form that was asked for. Foreign text in it was made printable. */
  text(line: string): Promise<void>;
  /** For people, on standard error; silent with `--quiet`. */
  note(line: string): void;
  failure(failure: CliFailure): void;
  change(request: ApiRequest): void;
  paint(text: string, name: Colour): string;
}

export interface OutputOptions {
  readonly output?: OutputForm | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  /** `false` by `--no-color`. */
  readonly color?: boolean | undefined;
}

export function createOutput({ stdout, stderr, environment }: Terminal, options: OutputOptions): Output {
  const isTerminal = stdout.isTTY === true;
  const form = options.json === true ? 'json' : (options.output ?? (isTerminal ? 'table' : 'json'));
  // https://no-color.org: present and not empty.
  const isColoured = isTerminal && options.color !== false && !environment['NO_COLOR'];
  const paint = (text: string, name: Colour): string => (isColoured ? colour(text, name) : text);
  // A pseudo-terminal that nobody sized says 0.
  const width = stdout.columns || 80;
  let hasHeader = false;

  const text = async (line: string): Promise<void> => {
    if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
  };
  const json = (line: string): Promise<void> => text(isTerminal ? printableJson(line) : line);
  const csv = (line: string): Promise<void> => text(isTerminal ? printable(line) : line);
  const csvHeader = async (fields: readonly string[]): Promise<void> => {
    if (!hasHeader) await csv(csvCells(fields));
    hasHeader = true;
  };
  const csvRow = async (row: object, fields: readonly string[]): Promise<void> => {
    await csvHeader(fields);
    await csv(csvLine(row as Readonly<Record<string, unknown>>, fields));
  };
  const note = (line: string): void => {
    if (options.quiet !== true) stderr.write(`${line}\n`);
  };

  return {
    form,
    width,
    paint,
    text,
    json,
    note,
    async rows<Row extends object>(
      rows: AsyncIterable<Row> | Iterable<Row>,
      { columns, fields }: Table<Row>,
      empty: string,
    ) {
      if (form === 'json') {
        for await (const row of rows) await json(JSON.stringify(row));
        return;
      }
      if (form === 'csv') {
        await csvHeader(fields);
        for await (const row of rows) await csvRow(row, fields);
        return;
      }
      const all: Row[] = [];
      for await (const row of rows) all.push(row);
      if (all.length === 0) note(empty);
      else for (const line of tableLines(all, columns, width, paint)) await text(line);
    },
    row<Row extends object>(row: Row, { columns, fields }: Table<Row>) {
      if (form === 'json') return json(JSON.stringify(row));
      return form === 'csv' ? csvRow(row, fields) : text(rowLine(row, columns, width, paint));
    },
    async record(record, fields) {
      if (form === 'json') return json(JSON.stringify(record));
      if (form === 'csv') return csvRow(record, Object.keys(record));
      const longest = Math.max(...fields.map(([name]) => name.length));
      for (const [name, value] of fields) {
        await text(`${paint(name.padEnd(longest), 'quiet')}  ${printable(value)}`);
      }
    },
    failure({ message, hint, code, requestId }) {
      const lines = message.split('\n').map(printable);
      const origin = [code, requestId && `request ${requestId}`].filter(Boolean).join(', ');
      stderr.write(`✗ ${lines.join('\n')}${origin ? ` (${printable(origin)})` : ''}\n`);
      if (hint !== undefined && options.quiet !== true) stderr.write(`  ${printable(hint)}\n`);
    },
    change({ method, path, body }) {
      const shown = { dryRun: true, method, path, ...(body !== undefined && { body }) };
      stdout.write(
        form === 'table'
          ? `would send ${method} ${printable(path)}${body === undefined ? '' : ` ${printableJson(JSON.stringify(body))}`}\n`
          : `${printableJson(JSON.stringify(shown))}\n`,
      );
    },
  };
}
