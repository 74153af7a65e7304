import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import type { ErrorCode } from '../actors/kernel/errors.js';
import { escapePointer } from '../actors/kernel/json.js';
import { nearestName } from '../actors/kernel/nearest-name.js';
import type { Role } from '../actors/tenant/events.js';
import { codeOf, Refusal, type FieldError } from './problem.js';
import { isRfc3339 } from './request/rfc3339.js';

/** The contract lies beside the sources, and is found from there and from the build alike. */
const CONTRACT_FILE = new URL('../../src/api/openapi.yaml', import.meta.url);

/** Faults told in one problem. */
const MAX_TOLD = 20;

export type Method = 'get' | 'post' | 'patch' | 'delete';
const METHODS: readonly Method[] = ['get', 'post', 'patch', 'delete'];

/** A parameter of an operation; the schema's type says how its text is read. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly type: string | undefined;
  readonly default: unknown;
  /** As it may be sent; tests send it. */
  readonly example: string | number | readonly string[] | undefined;
  /** Code to answer with when a part of the path can not be the id of anything. */
  readonly notFound: ErrorCode | undefined;
  readonly check: ValidateFunction;
}

export interface RequestBody {
  readonly required: boolean;
  readonly mediaTypes: readonly string[];
  readonly check: ValidateFunction;
}

export interface Operation {
  readonly id: string;
  readonly method: Method;
  /** As in the contract: `/api/v1/devices/{deviceId}`. */
  readonly path: string;
  /** `undefined` = no token is asked for. */
  readonly role: Role | undefined;
  readonly parameters: readonly Parameter[];
  readonly body: RequestBody | undefined;
  /** Media types of the good answers, the preferred one first; empty when they have no body. */
  readonly answers: readonly string[];
}

export interface Contract {
  /** The OpenAPI document as an object. */
  readonly document: object;
  readonly operations: readonly Operation[];
}

interface OpenApiParameter {
  readonly name: string;
  readonly in: Parameter['in'];
  readonly schema: { readonly type?: string; readonly default?: unknown; readonly $ref?: string };
  readonly example?: Parameter['example'];
  readonly 'x-fleetlog-not-found'?: string;
}
type Reference = { readonly $ref: string };
interface OpenApiContent {
  readonly content?: Readonly<Record<string, object>>;
}
interface OpenApiOperation {
  readonly operationId: string;
  readonly 'x-fleetlog-role': Role | 'none';
  readonly parameters?: readonly (OpenApiParameter | Reference)[];
  readonly requestBody?: OpenApiContent & { readonly required: boolean };
  readonly responses: Readonly<Record<string, OpenApiContent | Reference>>;
}
type PathItem = Partial<Record<Method, OpenApiOperation>> & Pick<OpenApiOperation, 'parameters'>;

/**
 * Reads `openapi.yaml` and compiles its checks, once per start. Nothing is coerced, filled in or removed in bodies (SEC-72).
 * @throws when the contract does not hold together: a bug, not a matter of input
 */
export function loadContract(): Contract {
  const document = parse(readFileSync(CONTRACT_FILE, 'utf8')) as { readonly paths: Readonly<Record<string, PathItem>> };
  const ajv = new Ajv2020({
    strict: true,
    allErrors: true,
    verbose: true,
    strictRequired: false,
    allowUnionTypes: true,
  });
  ajv.addFormat('date-time', isRfc3339);
  ajv.addFormat('sequence-or-time', (text: string) => /^[1-9]\d{0,14}$/.test(text) || isRfc3339(text));
  ajv.addFormat('time', (text: string) => /^\d{1,15}$/.test(text) || isRfc3339(text));
  // ajv looks at the root of a document in passing, and is strict about words that it does not know.
  ajv.addVocabulary(Object.keys(document));
  ajv.addSchema(document, 'contract', false, false);
  const compile = (pointer: string): ValidateFunction => ajv.compile({ $ref: `contract#${pointer}` });
  const resolve = <T extends object>(value: T | Reference): T =>
    '$ref' in value ? (lookUp(document, value.$ref.slice(1)) as T) : value;

  const readParameter = (given: OpenApiParameter | Reference, pointer: string): Parameter => {
    const at = '$ref' in given ? given.$ref.slice(1) : pointer;
    const parameter = resolve(given);
    const schema = resolve(parameter.schema as { type?: string; default?: unknown });
    const notFound = parameter['x-fleetlog-not-found'];
    return {
      name: parameter.name,
      in: parameter.in,
      type: schema.type,
      default: schema.default,
      example: parameter.example,
      notFound: notFound === undefined ? undefined : codeOf(notFound),
      check: compile(`${at}/schema`),
    };
  };

  const readOperation = (path: string, item: PathItem, method: Method, operation: OpenApiOperation): Operation => {
    const at = `/paths/${encodeURIComponent(escapePointer(path))}`;
    const parameters = [
      ...(item.parameters ?? []).map((given, index) => readParameter(given, `${at}/parameters/${index}`)),
      ...(operation.parameters ?? []).map((given, index) =>
        readParameter(given, `${at}/${method}/parameters/${index}`),
      ),
    ];
    const mediaTypes = Object.keys(operation.requestBody?.content ?? {});
    const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
    const role = operation['x-fleetlog-role'];
    return {
      id: operation.operationId,
      method,
      path,
      role: role === 'none' ? undefined : role,
      parameters,
      body: operation.requestBody && {
        required: operation.requestBody.required,
        mediaTypes,
        check: compile(
          `${at}/${method}/requestBody/content/${encodeURIComponent(escapePointer(mediaTypes[0] ?? ''))}/schema`,
        ),
      },
      answers: good.flatMap(([, response]) => Object.keys(resolve(response).content ?? {})),
    };
  };

  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [readOperation(path, item, method, operation)];
    }),
  );
  return { document, operations };
}

function lookUp(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce((value, part) => (value as Record<string, unknown>)[part], document);
}

/** Checks a body. @throws Refusal `PAYLOAD_INVALID` with one entry per fault */
export function checkBody(body: RequestBody, value: unknown): void {
  if (body.check(value)) return;
  const errors = (body.check.errors ?? []).slice(0, MAX_TOLD).map(fieldErrorOf);
  throw new Refusal('PAYLOAD_INVALID', errors[0]?.message ?? 'The body does not fit.', { errors });
}

function fieldErrorOf(error: ErrorObject): FieldError {
  const member = (name: string): string => `${error.instancePath}/${escapePointer(name)}`;
  const params = error.params as Readonly<Record<string, unknown>>;
  if (typeof params['additionalProperty'] === 'string') {
    const unknown = params['additionalProperty'];
    const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
    const message = `There is no member ${quoted(unknown)}${suggestion(unknown, known)}`;
    return { pointer: member(unknown), code: 'PAYLOAD_INVALID', message };
  }
  if (typeof params['missingProperty'] === 'string') {
    const message = `The member ${quoted(params['missingProperty'])} is missing.`;
    return { pointer: member(params['missingProperty']), code: 'PAYLOAD_INVALID', message };
  }
  return { pointer: error.instancePath, code: 'PAYLOAD_INVALID', message: `The value ${ruleOf(error)}` };
}

/** The broken rule as the end of a sentence, with the nearest allowed value where one is near. */
export function ruleOf(error: ErrorObject | undefined): string {
  const allowed = (error?.params as { allowedValues?: readonly unknown[] } | undefined)?.allowedValues;
  if (allowed !== undefined) {
    const names = allowed.map(String);
    return `must be one of ${names.join(', ')}${typeof error?.data === 'string' ? suggestion(error.data, names) : '.'}`;
  }
  if (error?.keyword === 'minLength' && error.data === '') return 'must not be empty.';
  return `${error?.message ?? 'does not fit'}.`;
}

/** The end of a sentence about an unknown name: with the nearest known one, where one is near. */
export function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '.' : `; did you mean ${quoted(nearest)}?`;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
