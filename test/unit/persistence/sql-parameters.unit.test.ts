import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const SOURCE = new URL('../../../src/persistence/', import.meta.url);
const SQL = /\b(select|insert into|update \w+|delete from|where|order by|set local)\b/i;

/** What may stand in a statement beside its text: constants, and functions of this folder over the name of a column. */
const CONSTANT = /^[A-Z][A-Z_]+(\.\w+|\.join\(', '\))?$/;
const OF_A_COLUMN = /^(fromMilliseconds|toMilliseconds|journalColumns)\('[^']*'\)$/;

/** Texts that the file itself has chosen out of its own: none of them comes from outside. */
const CHOSEN: Readonly<Record<string, readonly string[]>> = {
  'journal/event-rows.ts': ['page', 'order'],
  'journal/postgres-journal.ts': ['forward'],
  'projections/device-list.ts': [
    ...['column', 'direction', 'beyond', 'cursor', "descending ? '<' : '>'"],
    'matching(state)',
    ...["state === undefined ? '' : `and ${STATES[state]}`", 'STATES[state]', "after === undefined ? '$3' : '$5'"],
  ],
  // Numbers of parameters, and their types, which stand in the file.
  'projections/connection-rows.ts': [
    ...['BEGUN', 'ENDED', 'USED'].map((kind) => `parameters(first, ${kind}_TYPES)`),
    'storeBegun(5)',
    'storeEnded(5 + BEGUN_TYPES.length)',
    'storeUsed(5 + BEGUN_TYPES.length + ENDED_TYPES.length)',
  ],
  // Names of aggregates, which are a type of their own, and of columns, which stand in the file.
  'projections/telemetry-reads.ts': [
    'name',
    'AGGREGATE_SQL[name]',
    'aggregates.map((name) => `array_agg("${name}"::float8 order by begin) as "${name}"`).join(\', \')',
    'aggregates.map((name) => `${AGGREGATE_SQL[name]} as "${name}"`).join(\', \')',
  ],
  'projections/telemetry-rows.ts': [
    'name',
    "LATEST_COLUMNS.map((name) => `${name} = case when excluded.latest_at >= t.latest_at then excluded.${name} else t.${name} end`).join(', ')",
  ],
};

function interpolations(name: string): string[] {
  const text = readFileSync(new URL(name, SOURCE), 'utf8');
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node) && SQL.test(node.getText(file)))
      found.push(...node.templateSpans.map(({ expression }) => expression.getText(file).replaceAll(/\s*\n\s*/g, '')));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test('SEC-87 no statement holds a text from outside: values are parameters, columns come from closed lists', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const all = files.flatMap((name) => interpolations(name).map((expression) => ({ name, expression })));
  expect(all.length).toBeGreaterThan(40);
  const unexplained = all.filter(
    ({ name, expression }) =>
      !CONSTANT.test(expression) && !OF_A_COLUMN.test(expression) && !CHOSEN[name]?.includes(expression),
  );
  expect(unexplained).toEqual([]);
});
