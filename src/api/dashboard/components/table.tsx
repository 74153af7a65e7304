import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

export interface Column<Row> {
  /** Name in the URL and of the sort; unique in its table. */
  readonly key: string;
  readonly title: string;
  /** Numbers stand at the right. */
  readonly numeric?: boolean;
  readonly sortable?: boolean;
  /** Takes the room of two on the cards of a narrow window. */
  readonly wide?: boolean;
  /** The title is heard and not shown: a column of buttons. */
  readonly untitled?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface TableProps<Row> {
  /** What the table lists, for those who hear it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** `name` or `-name`. */
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  /** Where a row leads; its first cell should hold the link. */
  readonly onOpen?: (row: Row) => void;
}

/** A real table; on narrow windows its rows become cards of label and value. */
export function Table<Row>({ label, columns, rows, keyOf, sort, onSort, onOpen }: TableProps<Row>) {
  const open = useRef(onOpen);
  open.current = onOpen;
  const opens = onOpen !== undefined;
  // The rows that stand there are not made anew while something beside them changes, as what is typed above them.
  const body = useMemo(
    () =>
      rows.map((row) => (
        <BodyRow key={keyOf(row)} columns={columns} row={row} onOpen={opens ? () => open.current?.(row) : undefined} />
      )),
    [rows, columns, opens],
  );
  return (
    <div class="table-scroll">
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>{body}</tbody>
      </table>
    </div>
  );
}

interface BodyRowProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly row: Row;
  readonly onOpen: (() => void) | undefined;
}

function BodyRow<Row>({ columns, row, onOpen }: BodyRowProps<Row>) {
  return (
    <tr data-opens={onOpen && 'true'} onClick={onOpen && ((event) => openUnlessControl(event, onOpen))}>
      {columns.map(({ key, title, numeric = false, wide = false, untitled = false, cell }) => (
        <td key={key} data-label={untitled ? undefined : title} class={numeric ? 'number' : wide ? 'wide' : undefined}>
          {cell(row)}
        </td>
      ))}
    </tr>
  );
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sort: string | undefined;
  readonly onSort: ((sort: string) => void) | undefined;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>) {
  const { key, title, numeric = false, sortable = false, untitled = false } = column;
  const ascending = sort === key;
  const descending = sort === `-${key}`;
  const direction = ascending ? 'ascending' : descending ? 'descending' : undefined;
  return (
    <th scope="col" class={numeric ? 'number' : undefined} aria-sort={direction}>
      {sortable && onSort ? (
        <button type="button" class="sort" onClick={() => onSort(ascending ? `-${key}` : key)}>
          {title}
          {direction && <Icon name={ascending ? 'up' : 'down'} />}
        </button>
      ) : (
        <span class={untitled ? 'spoken' : undefined}>{title}</span>
      )}
    </th>
  );
}

/** A press on a link or button in a row is meant for that alone, and so is the end of a selection of text. */
function openUnlessControl(event: MouseEvent, open: () => void): void {
  const target = event.target as Element;
  if (target.closest('a, button, input, label') === null && getSelection()?.isCollapsed !== false) open();
}
