import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** Validators of all payload schemas of a concept, by `<type>.v<version>`. */
export function readEventSchemas(concept: string): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  const folder = new URL(`../../../src/actors/${concept}/schemas/`, import.meta.url);
  return new Map(
    readdirSync(folder).map((file) => {
      const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as object;
      return [file.replace(/\.json$/, ''), ajv.compile(schema)];
    }),
  );
}
