// The metrics that the source registers, read from its syntax tree: every call of the `Meter` port names a metric literally.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';

const KINDS = { counter: 2, gauge: 2, observableGauge: 2, histogram: 3 };

/** @returns {Promise<{ name: string, kind: string, help: string, labels: string[] }[]>} in the order of their names */
export async function registeredMetrics(root) {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts'));
  const found = new Map();
  for (const file of files) {
    const text = await readFile(join(root, 'src', file), 'utf8');
    if (!text.includes('fleetlog_')) continue;
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true), (metric) => found.set(metric.name, metric));
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function visit(node, report) {
  const metric = ts.isCallExpression(node) ? metricOf(node, node.getSourceFile()) : undefined;
  if (metric) report(metric);
  ts.forEachChild(node, (child) => visit(child, report));
}

function metricOf({ expression, arguments: given }, source) {
  const method = ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
  const [name, help] = given;
  if (!Object.hasOwn(KINDS, method ?? '') || !name || !ts.isStringLiteral(name)) return undefined;
  if (!name.text.startsWith('fleetlog_')) return undefined;
  return {
    name: name.text,
    kind: method === 'observableGauge' ? 'gauge' : method,
    help: `${help.text.replace(/\.$/, '')}.`,
    labels: textsOf(given[KINDS[method]], source),
  };
}

/** Texts of an array literal, or of the constant of this file that holds one. */
function textsOf(expression, source) {
  if (!expression) return [];
  if (ts.isAsExpression(expression)) return textsOf(expression.expression, source);
  if (ts.isArrayLiteralExpression(expression)) return expression.elements.map(({ text }) => text);
  let found;
  const search = (node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === expression.getText()) found = node.initializer;
    ts.forEachChild(node, search);
  };
  search(source);
  if (!found) throw new Error(`${source.fileName}: the labels ${expression.getText()} are not found`);
  return textsOf(found, source);
}
