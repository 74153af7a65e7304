// What is generated into docs/, page by page and part by part.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ERRORS } from '../../dist/actors/kernel/errors.js';
import { STATUS } from '../../dist/api/problem.js';
import { VARIABLES } from '../../dist/config.js';
import { MUTATIONS } from '../../test/mutations/mutations.js';
import { commandHelp } from './commands.js';
import { eventTypes } from './event-types.js';
import { code, table } from './markdown.js';
import { registeredMetrics } from './metrics.js';
import { securityTests } from './rule-tests.js';

const ROOT = join(import.meta.dirname, '../..');
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** @type {Record<string, Record<string, () => string | Promise<string>>>} page → part → its Markdown */
export const GENERATED = {
  'explanation/mutations.md': { mutations },
  'reference/command-line.md': { commands: () => commandHelp(ROOT) },
  'reference/configuration.md': { variables },
  'reference/errors.md': { codes },
  'reference/events.md': { types: () => eventTypes(ROOT) },
  'reference/metrics.md': { metrics },
  'reference/rest.md': { operations },
  'reference/security-tests.md': { tests: () => securityTests(ROOT) },
};

function variables() {
  return Object.entries(VARIABLES)
    .map(([name, { default: fixed, otherwise, expects, secret, meaning }]) =>
      [
        `### ${name}`,
        meaning,
        `Default: ${fixed === undefined ? otherwise : code(fixed)}. Must be ${expects}.${secret ? ` A secret: may come as ${code(`${name}_FILE`)}, is never shown.` : ''}`,
      ].join('\n\n'),
    )
    .join('\n\n');
}

function codes() {
  return Object.entries(ERRORS)
    .map(([name, [title, hint]]) => `### ${name}\n\n${title}. REST status ${STATUS[name]}.\n\n**What to do:** ${hint}`)
    .join('\n\n');
}

async function metrics() {
  const rows = (await registeredMetrics(ROOT)).map(({ name, kind, labels, help }) => [
    code(name),
    kind,
    labels.map(code).join(' ') || '',
    help,
  ]);
  return table(['metric', 'kind', 'labels', 'what it says'], rows);
}

function mutations() {
  const rows = MUTATIONS.map(({ id, breaks, suite }) => [code(id), breaks, code(suite)]);
  return table(['mutation', 'what no longer holds', 'must be caught by'], rows);
}

async function operations() {
  const contract = parse(await readFile(join(ROOT, 'src/api/openapi.yaml'), 'utf8'));
  const rows = Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => [
      code(`${method.toUpperCase()} ${path}`),
      item[method]['x-fleetlog-role'],
      `${item[method].summary}.`,
    ]),
  );
  return table(['operation', 'role', 'what it does'], rows);
}
