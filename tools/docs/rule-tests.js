// The rules of security as the names of the tests tell them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { table } from './markdown.js';

/** First number of each area, in order. */
const AREAS = [
  [1, 'Identity and mutual TLS'],
  [20, 'Life of a certificate'],
  [40, 'Who may say and hear what'],
  [50, 'MQTT'],
  [70, 'REST and dashboard'],
  [100, 'Text of users that is evaluated'],
  [110, 'JSON'],
  [120, 'Firmware'],
  [130, 'Tenants'],
  [140, 'Secrets and logs'],
  [150, 'Audit and evidence'],
  [160, 'Supply chain'],
];
const IDS = /^(?:[A-Z]+-?\d+,? )*(?=[A-Z]+-?\d+)[A-Z]+-?\d+(?= )/;
const RULE = /\bSEC-\d+\b/g;

/** @typedef {{ id: string, rule: string, file: string }} RuleTest */

/** @returns {Promise<string>} how many there are, and a table for each area */
export async function securityTests(root) {
  const tests = await ruleTests(root);
  const ids = new Set(tests.map(({ id }) => id));
  const areas = AREAS.map(([first, name], index) => {
    const next = AREAS[index + 1]?.[0] ?? Infinity;
    const rows = tests.filter(({ id }) => numberOf(id) >= first && numberOf(id) < next);
    return rows.length === 0 ? '' : `## ${name}\n\n${table(['id', 'rule', 'shown in'], rows.map(rowOf))}`;
  });
  return [`${ids.size} rules are shown by ${tests.length} named tests.`, ...areas.filter(Boolean)].join('\n\n');
}

/**
 * Each test whose name, or whose group's name, begins with the id of a rule; by id, then by file.
 * @returns {Promise<RuleTest[]>}
 */
async function ruleTests(root) {
  const names = await readdir(join(root, 'test'), { recursive: true });
  const files = names.filter((name) => name.endsWith('.test.ts')).map((name) => join('test', name));
  const found = await Promise.all(
    files.sort().map(async (file) => testsOf(file, await readFile(join(root, file), 'utf8'))),
  );
  return found.flat().sort((one, other) => numberOf(one.id) - numberOf(other.id));
}

/** @returns {RuleTest[]} */
function testsOf(file, text) {
  const tests = [];
  const visit = (node, group) => {
    const call = ts.isCallExpression(node) ? nameOf(node) : undefined;
    const own = call && ruleOf(call.title);
    let inside = group;
    if (call?.kind === 'describe') inside = own.ids.length > 0 ? own : group;
    else if (own && own.ids.length > 0) tests.push(...own.ids.map((id) => ({ id, rule: own.rule, file })));
    else if (own) tests.push(...group.ids.map((id) => ({ id, rule: `${group.rule}: ${own.rule}`, file })));
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest), { ids: [], rule: '' });
  return tests;
}

/** Kind and title of `describe('…')`, `test('…')` and `test.each(…)('…')`; `undefined` for any other call. */
function nameOf(call) {
  const [title] = call.arguments;
  if (title === undefined || !(ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) return undefined;
  let root = call.expression;
  while (!ts.isIdentifier(root)) {
    if (!ts.isPropertyAccessExpression(root) && !ts.isCallExpression(root)) return undefined;
    root = root.expression;
  }
  if (root.text !== 'describe' && root.text !== 'test') return undefined;
  return { kind: root.text, title: ts.isStringLiteralLike(title) ? title.text : templateText(title) };
}

function templateText(template) {
  return template.head.text + template.templateSpans.map(({ literal }) => `%s${literal.text}`).join('');
}

function ruleOf(title) {
  const ids = IDS.exec(title)?.[0] ?? '';
  return {
    ids: ids.match(RULE) ?? [],
    rule: title
      .slice(ids.length)
      .trim()
      .replaceAll(/%(?:\d\$)?[a-z]|\$\w+/g, '…'),
  };
}

function rowOf({ id, rule, file }) {
  return [id, rule.replaceAll(/[\\*_<[\]]/g, '\\$&'), `[${file.split('/').at(-1)}](../../${file})`];
}

function numberOf(id) {
  return Number(id.slice('SEC-'.length));
}
