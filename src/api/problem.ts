import type { Response } from 'express';
import { ERRORS, FleetlogError, type ErrorCode } from '../actors/kernel/errors.js';
import type { Rejection } from '../actors/kernel/ports/entities.js';

/** HTTP status of each code. No other file gives a status to an error; the reference is written from it (`tools/docs.js`). */
export const STATUS = {
  TOKEN_MISSING: 401,
  TOKEN_EXPIRED: 401,
  SIGN_IN_FAILED: 401,
  CROSS_SITE_REQUEST: 403,
  ROLE_INSUFFICIENT: 403,
  CREDENTIAL_UNKNOWN: 403,
  CREDENTIAL_REVOKED: 403,
  CREDENTIAL_EXPIRED: 403,
  CERTIFICATE_MISSING: 403,
  CERTIFICATE_UNTRUSTED: 403,
  DEVICE_DISABLED: 409,
  DEVICE_UNKNOWN: 404,
  CLIENT_ID_FORBIDDEN: 403,
  SESSION_SUPERSEDED: 409,
  TOPIC_FORBIDDEN: 403,
  PAYLOAD_INVALID: 422,
  PAYLOAD_TOO_LARGE: 413,
  CSR_INVALID: 422,
  CURSOR_INVALID: 422,
  PARAMETER_INVALID: 400,
  IDEMPOTENCY_KEY_REUSED: 422,
  IDEMPOTENCY_IN_PROGRESS: 409,
  IDEMPOTENCY_ANSWER_LOST: 410,
  FILTER_INVALID: 422,
  CHART_TOO_LARGE: 422,
  NOT_FOUND: 404,
  DEVICE_NOT_FOUND: 404,
  CERTIFICATE_NOT_FOUND: 404,
  TOKEN_NOT_FOUND: 404,
  USER_NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  USER_EXISTS: 409,
  LAST_ADMIN: 409,
  DEVICE_EXISTS: 409,
  CERTIFICATE_LIMIT: 409,
  BUNDLE_GONE: 410,
  VERSION_CONFLICT: 412,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  MEDIA_TYPE_UNSUPPORTED: 415,
  URL_TOO_LONG: 414,
  HEADERS_TOO_LARGE: 431,
  REQUEST_TIMEOUT: 408,
  REQUEST_MALFORMED: 400,
  MISDIRECTED_REQUEST: 421,
  RATE_LIMITED: 429,
  BUSY: 503,
  TIMEOUT: 503,
  JOURNAL_UNAVAILABLE: 503,
  JOURNAL_CORRUPT: 500,
  RELAY_OFF: 409,
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  ACTOR_FAILED: 500,
  INTERNAL: 500,
} as const satisfies Record<ErrorCode, number>;

/** One fault of a request: `pointer` is a JSON pointer into the body, or the name of a parameter. */
export interface FieldError {
  readonly pointer: string;
  readonly code: ErrorCode;
  readonly message: string;
}

interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The resource as it is now, for `VERSION_CONFLICT`. */
  readonly current?: object;
  /** What has changed it since the revision that the caller knew, likewise. */
  readonly events?: readonly object[];
  /** Parameters with which the request would be answered, for `CHART_TOO_LARGE`. */
  readonly offered?: object;
}

/** A refusal with more to say than its code and detail. */
export class Refusal extends FleetlogError {
  constructor(
    code: ErrorCode,
    detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(code, detail);
    this.name = 'Refusal';
  }
}

/** The one wording for what is not there: the same for what never was and for what is another tenant's (SEC-71). */
export function missing(code: ErrorCode): FleetlogError {
  return new FleetlogError(code, `${ERRORS[code][0]}.`);
}

/** A refusal of the domain as the exception that ends a request. */
export function refusalOf(rejection: Rejection): Refusal {
  const code = codeOf(rejection.code);
  const pointer = rejection.pointer ?? '';
  const errors = STATUS[code] === 422 ? { errors: [{ pointer, code, message: rejection.detail }] } : {};
  return new Refusal(code, rejection.detail, errors);
}

/** @param code of an `Outcome`; anything outside the catalogue is a bug and reads `INTERNAL` */
export function codeOf(code: string): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'INTERNAL';
}

/** Seconds after which a refused request may be sent again, where the refusal does not know better. */
const RETRY_AFTER_SECONDS = 2;

/** Answers with a problem document (RFC 9457). @returns the code that was told */
export function sendProblem(response: Response, error: unknown, requestId: string): ErrorCode {
  const fault = faultOf(error);
  const { status, body } = problemOf(fault, { instance: response.req.path, requestId });
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (status === 429 || status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  if (fault instanceof Refusal) response.set(fault.extras.headers ?? {});
  response.status(status).type('application/problem+json').send(body);
  return fault.code;
}

/**
 * The problem document of a fault as JSON, with its status.
 * @param of.instance path of the request
 */
export function problemOf(
  fault: FleetlogError,
  of: { readonly instance: string; readonly requestId: string },
): { readonly status: number; readonly body: string } {
  const { code } = fault;
  const status = STATUS[code];
  const [title, hint] = ERRORS[code];
  const extras = fault instanceof Refusal ? fault.extras : {};
  const errors = extras.errors ?? pointedError(fault, status);
  const body = JSON.stringify({
    type: `/docs/errors/${code}`,
    title,
    status,
    code,
    // What went wrong inside stays inside (SEC-82): the log has it under the request id.
    detail: status >= 500 ? `${title}.` : fault.message,
    hint,
    ...of,
    ...(errors === undefined ? {} : { errors }),
    ...(extras.current === undefined ? {} : { current: extras.current }),
    ...(extras.events === undefined ? {} : { events: extras.events }),
    ...(extras.offered === undefined ? {} : { offered: extras.offered }),
  });
  return { status, body };
}

function pointedError(fault: FleetlogError, status: number): readonly FieldError[] | undefined {
  return status === 422 ? [{ pointer: fault.pointer ?? '', code: fault.code, message: fault.message }] : undefined;
}

/** What express and its body reader throw carries a `status`; everything else that is not ours is a bug. */
function faultOf(error: unknown): FleetlogError {
  if (error instanceof FleetlogError) return error;
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  switch (status) {
    case 413:
      return new FleetlogError('PAYLOAD_TOO_LARGE', 'The body is too large.');
    case 415:
      return new FleetlogError('MEDIA_TYPE_UNSUPPORTED', 'The body must not be compressed.');
    case 400:
      return new FleetlogError('PARAMETER_INVALID', 'The request is not well-formed.');
    default:
      return new FleetlogError('INTERNAL', 'An internal fault.', { cause: error });
  }
}
