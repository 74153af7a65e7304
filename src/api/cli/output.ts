import { once } from 'node:events';
import type { ApiRequest } from './client.js';
import type { CliFailure } from './failure.js';
import { colour, printable, printableJson, type Colour, type Terminal } from './terminal.js';

/** One column of a table. Cells are made printable here, wherever they come from. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
  readonly align?: 'left' | 'right';
  /** Fixed width, for tables whose rows come one by one. */
  readonly width?: number;
}

/** Results on standard output, all else on standard error. Tables are for terminals; a pipe gets one JSON object a line. */
export interface Output {
  readonly isTable: boolean;
  /** All rows, then the table; `empty` says what to do when there are none. */
  rows<Row>(rows: AsyncIterable<Row> | Iterable<Row>, columns: readonly Column<Row>[], empty: string): Promise<void>;
  /** Rows as they come, in columns of fixed width. */
  row<Row>(row: Row, columns: readonly Column<Row>[]): Promise<void>;
  /** One thing: its JSON, or lines of name and value. */
  record(record: object, fields: readonly (readonly [name: string, value: string])[]): Promise<void>;
  /** A result that is lines of JSON on a terminal too. */
  json(line: string): Promise<void>;
  text(line: string): Promise<void>;
  /** For people, on standard error; silent with `--quiet`. */
  note(line: string): void;
  failure(failure: CliFailure): void;
  change(request: ApiRequest): void;
  paint(text: string, name: Colour): string;
}

export interface OutputOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  /** `false` by `--no-color`. */
  readonly color?: boolean | undefined;
}

const NARROWEST_COLUMN = 8;
const GAP = '  ';

export function createOutput({ stdout, stderr, environment }: Terminal, options: OutputOptions): Output {
  const isTerminal = stdout.isTTY === true;
  const isTable = isTerminal && options.json !== true;
  // https://no-color.org: present and not empty.
  const isColoured = isTerminal && options.color !== false && !environment['NO_COLOR'];
  const paint = (text: string, name: Colour): string => (isColoured ? colour(text, name) : text);
  // A pseudo-terminal that nobody sized says 0.
  const width = stdout.columns || 80;

  const text = async (line: string): Promise<void> => {
    if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
  };
  const json = (line: string): Promise<void> => text(isTerminal ? printableJson(line) : line);
  const tableLine = <Row>(row: Row, columns: readonly Column<Row>[], widths: readonly number[]): string =>
    columns
      .map((column, index) => {
        const cell = fit(printable(column.cell(row)), widths[index] ?? 0, column.align, index === columns.length - 1);
        const name = column.colour?.(row);
        return name ? paint(cell, name) : cell;
      })
      .join(GAP)
      .trimEnd();
  const note = (line: string): void => {
    if (options.quiet !== true) stderr.write(`${line}\n`);
  };

  return {
    isTable,
    paint,
    text,
    json,
    note,
    async rows<Row>(rows: AsyncIterable<Row> | Iterable<Row>, columns: readonly Column<Row>[], empty: string) {
      if (!isTable) {
        for await (const row of rows) await json(JSON.stringify(row));
        return;
      }
      const all: Row[] = [];
      for await (const row of rows) all.push(row);
      if (all.length === 0) {
        note(empty);
        return;
      }
      const widths = widthsOf(all, columns, width);
      const titles = columns.map(({ title, align }, index) => fit(title, widths[index] ?? 0, align, false));
      await text(paint(titles.join(GAP).trimEnd(), 'quiet'));
      for (const row of all) await text(tableLine(row, columns, widths));
    },
    row(row, columns) {
      if (!isTable) return json(JSON.stringify(row));
      const widths = columns.map((column) => column.width ?? NARROWEST_COLUMN);
      const fixed = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0);
      return text(tableLine(row, columns, [...widths.slice(0, -1), Math.max(NARROWEST_COLUMN, width - fixed)]));
    },
    async record(record, fields) {
      if (!isTable) return json(JSON.stringify(record));
      const longest = Math.max(...fields.map(([name]) => name.length));
      for (const [name, value] of fields) {
        await text(`${paint(name.padEnd(longest), 'quiet')}${GAP}${printable(value)}`);
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
        isTable
          ? `would send ${method} ${printable(path)}${body === undefined ? '' : ` ${printableJson(JSON.stringify(body))}`}\n`
          : `${printableJson(JSON.stringify(shown))}\n`,
      );
    },
  };
}

/** As wide as the widest cell; the widest column gives way until the table fits. */
function widthsOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[], room: number): number[] {
  const widths = columns.map(({ title, cell }) =>
    rows.reduce((widest, row) => Math.max(widest, lengthOf(printable(cell(row)))), lengthOf(title)),
  );
  let excess = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const before = widths[widest] ?? 0;
    if (before <= NARROWEST_COLUMN) break;
    widths[widest] = before - 1;
    excess -= 1;
  }
  return widths;
}

function fit(text: string, width: number, align: 'left' | 'right' = 'left', isLast = false): string {
  const length = lengthOf(text);
  if (length > width)
    return `${Array.from(text)
      .slice(0, Math.max(0, width - 1))
      .join('')}…`;
  if (isLast && align === 'left') return text;
  const blanks = ' '.repeat(width - length);
  return align === 'right' ? blanks + text : text + blanks;
}

const lengthOf = (text: string): number => Array.from(text).length;
