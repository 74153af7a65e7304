import { Ajv2020 } from 'ajv/dist/2020.js';
import { loadContract } from '../../../src/api/contract.js';
import { isRfc3339 } from '../../../src/api/request/rfc3339.js';

interface Documented {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
  readonly $ref?: string;
}

const { document } = loadContract();
const ajv = new Ajv2020({ strict: true, allErrors: true, strictRequired: false, allowUnionTypes: true });
ajv.addFormat('date-time', isRfc3339);
ajv.addFormat('sequence-or-time', true);
ajv.addVocabulary(Object.keys(document));
ajv.addSchema(document, 'contract', false, false);

/**
 * Faults of an answer against openapi.yaml: an undocumented status or media type, or a body that does not fit its schema.
 * @param path as in the contract
 * @param options.isPartial whether `fields` has left members out of the items
 */
export function answerFaults(
  path: string,
  method: string,
  answer: { readonly status: number; readonly type: string; readonly text: string },
  { isPartial = false }: { readonly isPartial?: boolean } = {},
): readonly string[] {
  const operation = at(`#/paths/${escape(path)}/${method}`) as { readonly responses: Record<string, Documented> };
  const status = operation.responses[String(answer.status)] === undefined ? 'default' : String(answer.status);
  if (status === 'default' && answer.status < 400) return [`${answer.status} is not documented`];
  const given = operation.responses[status]!;
  const pointer = given.$ref ?? `#/paths/${escape(path)}/${method}/responses/${status}`;
  const content = (at(pointer) as Documented).content;
  if (content === undefined) return answer.text === '' ? [] : ['a body where none is documented'];
  const mediaType = content[answer.type];
  if (mediaType === undefined) return [`${answer.type} is not documented for ${status}`];
  if (mediaType.schema === undefined) return [];
  const body: unknown = /json$/.test(answer.type) ? JSON.parse(answer.text) : answer.text;
  const schema = `${pointer}/content/${escape(answer.type)}/schema`;
  const check = ajv.compile({
    $ref: `contract${schema.split('/').map(encodeURIComponent).join('/').replace('%23', '#')}`,
  });
  if (check(body)) return [];
  const isLeftOut = ({ keyword, instancePath }: { readonly keyword: string; readonly instancePath: string }): boolean =>
    isPartial && keyword === 'required' && /^\/items\/\d+$/.test(instancePath);
  return (check.errors ?? [])
    .filter((error) => !isLeftOut(error))
    .map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

function at(pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (value, part) => (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')],
      document,
    );
}

function escape(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}
