#!/usr/bin/env node
// `npx fleetlog …`: the command line as `npm run build` has compiled it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../dist/api/cli/main.js');
if (existsSync(program)) {
  await import(program);
} else {
  process.stderr.write(
    'Fleetlog is not built yet: run `npm run build`, or `npm run demo`, which builds and starts it.\n',
  );
  process.exitCode = 1;
}
