// The payload of each event type, from the newest version of its JSON Schema in src/actors/*/schemas.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { code, table } from './markdown.js';

/** @returns {Promise<string>} a section per type, in the order of the names */
export async function eventTypes(root) {
  const newest = new Map();
  for (const file of await schemaFiles(join(root, 'src/actors'))) {
    const schema = JSON.parse(await readFile(file, 'utf8'));
    const version = Number(/\.v(\d+)\.json$/.exec(file)[1]);
    if (version > (newest.get(schema.title)?.version ?? 0)) newest.set(schema.title, { schema, version });
  }
  return [...newest.keys()]
    .sort()
    .map((name) => section(name, newest.get(name)))
    .join('\n\n');
}

async function schemaFiles(folder) {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /schemas\/[^/]+\.v\d+\.json$/.test(name)).map((name) => join(folder, name));
}

function section(name, { schema, version }) {
  const rows = members(schema, '');
  const payload =
    rows.length === 0 ? 'The payload is empty.' : table(['member', 'type', 'always there', 'meaning'], rows);
  return `### ${name}\n\n${schema.description} Schema version ${version}.\n\n${payload}`;
}

/** Members of an object with a closed set of them, and of such objects inside it. */
function members(schema, prefix) {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
    [
      code(prefix + name),
      typeOf(member),
      schema.required?.includes(name) ? 'yes' : 'no',
      [member.description, member.enum?.map(code).join(' ')].filter(Boolean).join(' '),
    ],
    ...members(member, `${prefix}${name}.`),
  ]);
}

function typeOf(schema) {
  if (schema.type === 'array') return `array of ${typeOf(schema.items ?? {})}`;
  if (schema.enum) return 'one of';
  if (schema.type === undefined) return schema.anyOf ? schema.anyOf.map(typeOf).join(', ') : 'any JSON';
  return [schema.type].flat().join(' or ');
}
