import { printable, type Colour } from './terminal.js';

/** One column of a table. Cells are made printable here, wherever they come from. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
  readonly align?: 'left' | 'right';
  /** Fixed width, for tables whose rows come one by one. */
  readonly width?: number;
}

/** How rows of one kind are shown: to people in columns, to spreadsheets by the members that the server sends. */
export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  /** Header of the CSV. */
  readonly fields: readonly string[];
}

/** For `--fields`: a column for each of these members, as the server sends them. @param fields with commas between them */
export function tableOf<Row extends object>(table: Table<Row>, fields: string | undefined): Table<Row> {
  if (fields === undefined) return table;
  const names = fields.split(',');
  const textOf = (value: unknown): string => {
    if (value === undefined || value === null) return '–';
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const columns = names.map((name) => ({
    title: name,
    cell: (row: Row) => textOf((row as Readonly<Record<string, unknown>>)[name]),
  }));
  return { columns, fields: names };
}

type Paint = (text: string, name: Colour) => string;

const NARROWEST_COLUMN = 8;
const GAP = '  ';

/** Lines of a table, its titles first, as wide as its cells ask for; the widest column gives way until `room` is enough. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  room: number,
  paint: Paint,
): readonly string[] {
  const widths = widthsOf(rows, columns, room);
  const titles = columns.map(({ title, align }, index) => fit(title, widths[index] ?? 0, align, false));
  return [paint(titles.join(GAP).trimEnd(), 'quiet'), ...rows.map((row) => tableLine(row, columns, widths, paint))];
}

/** A line in columns of fixed width, for rows that come one by one; the last column takes what is left of `room`. */
export function rowLine<Row>(row: Row, columns: readonly Column<Row>[], room: number, paint: Paint): string {
  const widths = columns.map((column) => column.width ?? NARROWEST_COLUMN);
  const fixed = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0);
  return tableLine(row, columns, [...widths.slice(0, -1), Math.max(NARROWEST_COLUMN, room - fixed)], paint);
}

function tableLine<Row>(row: Row, columns: readonly Column<Row>[], widths: readonly number[], paint: Paint): string {
  return columns
    .map((column, index) => {
      const cell = fit(printable(column.cell(row)), widths[index] ?? 0, column.align, index === columns.length - 1);
      const name = column.colour?.(row);
      return name ? paint(cell, name) : cell;
    })
    .join(GAP)
    .trimEnd();
}

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
  if (length > width) {
    const kept = Array.from(text).slice(0, Math.max(0, width - 1));
    return `${kept.join('')}…`;
  }
  if (isLast && align === 'left') return text;
  const blanks = ' '.repeat(width - length);
  return align === 'right' ? blanks + text : text + blanks;
}

const lengthOf = (text: string): number => Array.from(text).length;
