import type { Express, Request, Response } from 'express';
import { FleetlogError, JournalUnavailable } from '../actors/kernel/errors.js';
import type { Clock, Histogram, Logger } from '../actors/kernel/ports/surroundings.js';
import { roleReaches, type Access, type Authenticator } from './access/auth.js';
import { readBody } from './request/body.js';
import type { Handlers, PublicCall, PublicHandlers } from './call.js';
import type { Contract, Operation } from './contract.js';
import { readParameters } from './request/parameters.js';
import { runOnce, type IdempotencyOptions } from './request/idempotency.js';
import { missing, Refusal, sendProblem } from './problem.js';
import { rateHeaders, type RateLimiter } from './request/rate-limit.js';
import { refuseCrossSite } from './access/same-site.js';
import type { SessionCookie } from './access/session-cookie.js';

export interface RouterOptions extends IdempotencyOptions {
  readonly app: Express;
  readonly contract: Contract;
  readonly handlers: Handlers;
  readonly publicHandlers: PublicHandlers;
  readonly authenticator: Authenticator;
  readonly cookie: Pick<SessionCookie, 'read'>;
  readonly tokenLimiter: RateLimiter;
  readonly addressLimiter: RateLimiter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly seconds: Histogram;
  /** Whether Postgres takes events now: what fails without a code while it does not, fails because of that. */
  readonly journalWritable: () => boolean;
  /** Whether so much waits for its commit that nothing may be added: reads are served, writes are refused. */
  readonly overloaded: () => boolean;
}

/** Paths that watchdogs ask, as often as they like. */
const UNLIMITED = ['getHealth', 'getReadiness'];

/**
 * Mounts every operation of the contract on its handler. An operation without a handler, or a handler without an operation,
 * ends the start. What has no operation is answered here too: 405 with `Allow`, else 404.
 */
export function mountOperations(options: RouterOptions): void {
  const { app, contract, handlers, publicHandlers } = options;
  const known = new Set([...Object.keys(handlers), ...Object.keys(publicHandlers)]);
  for (const operation of contract.operations) {
    known.delete(operation.id);
    const answer = answerer(operation, options);
    app[operation.method](expressPath(operation.path), async (request: Request, response: Response) => {
      await handle(operation, options, answer, request, response);
    });
  }
  if (known.size > 0) throw new Error(`handlers without an operation in openapi.yaml: ${[...known].join(', ')}`);
  for (const path of new Set(contract.operations.map((operation) => operation.path))) {
    const methods = contract.operations.filter((operation) => operation.path === path).map(({ method }) => method);
    const allow = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
    app.all(expressPath(path), (request: Request, response: Response) => {
      const refusal = new Refusal('METHOD_NOT_ALLOWED', `This address takes ${allow}.`, { headers: { Allow: allow } });
      fail(options, request, response, refusal);
    });
  }
  app.use((request: Request, response: Response) => {
    fail(options, request, response, missing('NOT_FOUND'));
  });
}

type Answer = (call: PublicCall) => Promise<void> | void;

function answerer(operation: Operation, options: RouterOptions): Answer {
  const own = operation.role === undefined ? options.publicHandlers[operation.id] : undefined;
  if (own !== undefined) return own;
  const handler = operation.role === undefined ? undefined : options.handlers[operation.id];
  if (handler === undefined) throw new Error(`no handler for the operation ${operation.id} of openapi.yaml`);
  return (call) => {
    const { access } = call;
    if (access === undefined) throw new FleetlogError('TOKEN_MISSING', 'The request carries no bearer token.');
    return handler({ ...call, access });
  };
}

async function handle(
  operation: Operation,
  options: RouterOptions,
  answer: Answer,
  request: Request,
  response: Response,
): Promise<void> {
  const { clock, seconds } = options;
  const startedAt = clock.monotonic();
  response.once('close', () => {
    const labels = { route: operation.path, method: request.method, status: String(response.statusCode) };
    seconds.observe((clock.monotonic() - startedAt) / 1000, labels);
  });
  try {
    const access = admit(operation, options, request, response);
    const answerType = negotiate(operation, request);
    const parameters = readParameters(operation, request);
    const body = await readBody(operation.body, request, response);
    const { requestId } = response.locals;
    const call = { request, response, requestId, parameters, body, answer: answerType, access };
    const key = (parameters as { readonly 'Idempotency-Key'?: string })['Idempotency-Key'];
    await (key === undefined ? answer(call) : runOnce(options, call, key, answer));
  } catch (error) {
    const explained =
      error instanceof FleetlogError || options.journalWritable()
        ? error
        : new JournalUnavailable('A read has failed while Postgres is away.', { cause: error });
    fail(options, request, response, explained);
  }
}

/** Who calls, within the rate of the token, or of the address where there is no good one. */
function admit(operation: Operation, options: RouterOptions, request: Request, response: Response): Access | undefined {
  const { authenticator, cookie, tokenLimiter, addressLimiter } = options;
  const address = request.ip;
  const limit = (limiter: RateLimiter, key: string): void => {
    if (UNLIMITED.includes(operation.id)) return;
    const state = limiter.take(key);
    response.set(rateHeaders(limiter.rate, state));
    if (state.waitSeconds === 0) return;
    throw new Refusal('RATE_LIMITED', 'Too many requests.', { headers: { 'Retry-After': String(state.waitSeconds) } });
  };
  let access: Access;
  try {
    access = authenticator.authenticate({
      authorization: request.get('authorization'),
      sessionSecret: cookie.read(request),
      namedTenant: request.get('fleetlog-tenant'),
      address,
    });
  } catch (error) {
    limit(addressLimiter, address ?? '');
    // Where no token is asked for, a bad one is as good as none: a watchdog must hear the truth also while tokens are unknown.
    if (operation.role === undefined) return undefined;
    throw error;
  }
  limit(tokenLimiter, `${access.tenant}/${access.origin.principal}`);
  if (operation.method !== 'get' && options.overloaded()) {
    throw new FleetlogError('OVERLOADED', 'More waits for its commit than this node holds.');
  }
  if (access.session !== undefined && operation.method !== 'get') refuseCrossSite(request);
  if (operation.role !== undefined && !roleReaches(access.role, operation.role)) {
    throw new FleetlogError('ROLE_INSUFFICIENT', `This needs the role ${operation.role}.`);
  }
  return access;
}

function negotiate(operation: Operation, request: Request): string | undefined {
  if (operation.answers.length === 0) return undefined;
  const accepted = request.accepts([...operation.answers]);
  if (accepted !== false) return accepted;
  throw new FleetlogError('NOT_ACCEPTABLE', `Available: ${operation.answers.join(', ')}.`);
}

/** Ends a request with a problem; a fault of ours goes into the log with its cause. */
export function fail(
  options: Pick<RouterOptions, 'logger'>,
  request: Request,
  response: Response,
  error: unknown,
): void {
  const { requestId } = response.locals;
  const fields = { requestId, method: request.method, path: request.path };
  if (response.headersSent) {
    // Half an answer can not become a problem: the broken connection tells the client.
    options.logger.warn({ ...fields, err: error }, 'An answer broke off');
    response.destroy();
    return;
  }
  const code = sendProblem(response, error, requestId);
  if (response.statusCode >= 500) options.logger.error({ ...fields, code, err: error }, 'A request failed');
  else options.logger.debug({ ...fields, code }, 'A request was refused');
}

/** `/a/{id}` as express writes it: `/a/:id`. */
function expressPath(path: string): string {
  return path.replaceAll(/\{([A-Za-z]+)\}/g, ':$1');
}
