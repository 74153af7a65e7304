import type { components, paths } from '../../../../dist/dashboard-contract.js';

/** A schema of the contract, by its name there. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

export type Problem = Schema<'Problem'>;

/** The server has refused, or could not be reached (`status` 0, code `UNREACHABLE`). */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

type Method = 'get' | 'post' | 'patch' | 'delete';
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: object }> ? P : never;
}[keyof paths];
type OperationOf<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type JsonOf<T> = T extends { content: { 'application/json': infer Body } } ? Body : undefined;
type AnswerOf<O> = O extends { responses: infer R }
  ? JsonOf<R[keyof R & (200 | 201 | 202)]> extends infer Body
    ? Body
    : undefined
  : undefined;

/** Parts of the address, and what is sent with it. The contract says which members an operation needs. */
interface RequestOf {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `/a/{id}` and what belongs in it, as an address. */
export function addressOf(path: string, { path: parts = {}, query = {} }: RequestOf): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? filled : `${filled}?${new URLSearchParams(given).toString()}`;
}

/**
 * Asks for one resource. The session's cookie goes along by itself.
 * @throws RequestFailed
 */
export async function get<P extends PathOf<'get'>>(
  path: P,
  request: RequestOf = {},
): Promise<AnswerOf<OperationOf<P, 'get'>>> {
  return (await send('GET', path, request)) as AnswerOf<OperationOf<P, 'get'>>;
}

/** @throws RequestFailed */
export async function post<P extends PathOf<'post'>>(
  path: P,
  request: RequestOf & { readonly body?: object } = {},
): Promise<AnswerOf<OperationOf<P, 'post'>>> {
  return (await send('POST', path, request, request.body)) as AnswerOf<OperationOf<P, 'post'>>;
}

/** As `If-Match` wants it. */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * Changes a resource by merge patch (RFC 7396).
 * @param request.revision refused with `VERSION_CONFLICT` when the resource is at another one by now
 * @throws RequestFailed
 */
export async function patch<P extends PathOf<'patch'>>(
  path: P,
  request: RequestOf & { readonly body: object; readonly revision: number },
): Promise<AnswerOf<OperationOf<P, 'patch'>>> {
  const headers = { 'Content-Type': 'application/merge-patch+json', 'If-Match': etagOf(request.revision) };
  return (await send('PATCH', path, { ...request, headers }, request.body)) as AnswerOf<OperationOf<P, 'patch'>>;
}

/**
 * @returns the sequence of the event that it caused; `undefined` when it changed nothing
 * @throws RequestFailed
 */
export async function remove(
  path: PathOf<'delete'>,
  request: RequestOf & { readonly body?: object } = {},
): Promise<number | undefined> {
  const response = await ask('DELETE', path, request, request.body);
  const sequence = response.headers.get('Fleetlog-Sequence');
  return sequence === null ? undefined : Number(sequence);
}

async function send(method: string, path: string, request: RequestOf, body?: object): Promise<unknown> {
  const response = await ask(method, path, request, body);
  return response.status === 204 ? undefined : response.json();
}

function ask(method: string, path: string, request: RequestOf, body?: object): Promise<Response> {
  return reach(addressOf(path, request), {
    method,
    headers: {
      Accept: 'application/json',
      ...(body && { 'Content-Type': 'application/json' }),
      ...request.headers,
    },
    ...(body && { body: JSON.stringify(body) }),
    ...(request.signal && { signal: request.signal }),
  });
}

/** As `fetch`, but whatever is no good answer is thrown as a problem. @throws RequestFailed */
export async function reach(address: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new RequestFailed(unreachable(address));
  }
  if (!response.ok) throw new RequestFailed(await problemOf(response, address));
  return response;
}

async function problemOf(response: Response, address: string): Promise<Problem> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    if (typeof problem.code === 'string') return problem as Problem;
  } catch {
    // Something between the browser and the server has answered in its own words.
  }
  return { ...unreachable(address), title: `The answer was ${response.status}`, status: response.status };
}

function unreachable(address: string): Problem {
  return {
    type: 'about:blank',
    title: 'The server can not be reached',
    status: 0,
    code: 'UNREACHABLE',
    detail: 'The request had no answer.',
    hint: 'Whatever was acknowledged is kept. This page tries again by itself.',
    instance: address,
    requestId: '',
  };
}

/** Of anything caught. A fault of this page is told as one. */
export function toProblem(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  return {
    ...unreachable(location.pathname),
    title: 'This page has a fault',
    code: 'PAGE_FAULT',
    detail: error instanceof Error ? error.message : String(error),
    hint: 'Reload the page. If it stays, report it with the steps that lead here.',
  };
}
