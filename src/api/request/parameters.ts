import type { Request } from 'express';
import { ruleOf, suggestion, type Operation, type Parameter } from '../contract.js';
import { missing, Refusal } from '../problem.js';

/** Parameters of a request by name, typed as the contract says: text, number, boolean or a list of texts. */
export type Parameters = object;

/**
 * Reads path, query and header parameters. Unknown and repeated query parameters are refused: nobody should believe in a
 * filter that was not applied.
 * @throws Refusal `PARAMETER_INVALID`, or the code that the contract gives to an impossible id in the path
 */
export function readParameters(operation: Operation, request: Request): Parameters {
  const query = request.query as Readonly<Record<string, string | readonly string[]>>;
  const known = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  for (const [name, value] of Object.entries(query)) {
    if (!known.includes(name)) {
      refuse(name, `There is no parameter ${JSON.stringify(name.slice(0, 64))}${suggestion(name, known)}`);
    }
    if (typeof value !== 'string') refuse(name, `The parameter ${name} is given twice.`);
  }
  const values: Record<string, unknown> = {};
  for (const parameter of operation.parameters) {
    const text = textOf(parameter, request, query);
    const value = text === undefined ? parameter.default : parse(parameter, text);
    if (text !== undefined && !parameter.check(value)) refuseValue(parameter);
    values[parameter.name] = value;
  }
  return values;
}

function textOf(
  parameter: Parameter,
  request: Request,
  query: Readonly<Record<string, string | readonly string[]>>,
): string | undefined {
  switch (parameter.in) {
    case 'path':
      return request.params[parameter.name] as string | undefined;
    case 'query':
      return query[parameter.name] as string | undefined;
    case 'header':
      return request.get(parameter.name);
  }
}

/** Reads the text by the schema's type; what can not be read stays text and fails its check. */
function parse(parameter: Parameter, text: string): unknown {
  switch (parameter.type) {
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text.split(',');
    case undefined:
    default:
      return text;
  }
}

function refuseValue(parameter: Parameter): never {
  if (parameter.notFound !== undefined) {
    throw missing(parameter.notFound);
  }
  refuse(parameter.name, `The parameter ${parameter.name} ${ruleOf(parameter.check.errors?.[0])}`);
}

function refuse(name: string, message: string): never {
  throw new Refusal('PARAMETER_INVALID', message, {
    errors: [{ pointer: name.slice(0, 64), code: 'PARAMETER_INVALID', message }],
  });
}
