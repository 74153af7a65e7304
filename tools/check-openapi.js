// Lints src/api/openapi.yaml: well-formed OpenAPI 3.1 by Redocly's recommended rules, and Fleetlog's own promises about it.
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createConfig, lint } from '@redocly/openapi-core';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..');
const FILE = join(ROOT, 'src/api/openapi.yaml');
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
const ROLES = ['none', 'viewer', 'operator', 'admin'];

const config = await createConfig({
  extends: ['recommended'],
  rules: {
    // Every refusal has the same form: `default` stands for all of them, see `ownFaults`.
    'operation-4xx-response': 'off',
    'no-unused-components': 'error',
    'no-invalid-media-type-examples': 'error',
  },
});
const problems = await lint({ ref: FILE, config });
const faults = [
  ...problems.map(({ ruleId, message, location: [place] }) => `${place?.pointer ?? ''} ${message} (${ruleId})`),
  ...ownFaults(parse(await readFile(FILE, 'utf8'))),
];
for (const fault of faults) process.stdout.write(`${relative(ROOT, FILE)} ${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** What Redocly has no rule for. */
function ownFaults(contract) {
  const tags = new Set((contract.tags ?? []).map(({ name }) => name));
  return Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).flatMap((method) =>
      operationFaults(contract, item[method], tags).map((fault) => `${method.toUpperCase()} ${path} ${fault}`),
    ),
  );
}

function operationFaults(contract, operation, tags) {
  const role = operation['x-fleetlog-role'];
  const security = operation.security ?? contract.security;
  const open = security.length === 0 || security.some((scheme) => Object.keys(scheme).length === 0);
  const [tag, ...more] = operation.tags ?? [];
  return [
    operation.operationId ? undefined : 'has no operationId',
    tag !== undefined && more.length === 0 && tags.has(tag)
      ? undefined
      : 'has not exactly one tag that `tags` describes',
    ROLES.includes(role) ? undefined : `has no x-fleetlog-role out of ${ROLES.join(', ')}`,
    open === (role === 'none')
      ? undefined
      : `asks for ${open ? 'no token' : 'a token'} in \`security\`, but its x-fleetlog-role is ${role}`,
    operation.responses.default?.$ref === '#/components/responses/Problem'
      ? undefined
      : 'does not answer `default` with the problem document',
    ...Object.entries(operation.requestBody?.content ?? {})
      .filter(([, body]) => Object.keys(body.examples ?? {}).length === 0)
      .map(([type]) => `has no example of its ${type} body`),
  ].filter(Boolean);
}
