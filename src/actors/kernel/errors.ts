/**
 * The closed catalogue of codes: the same word in REST, on a device's error topic, in logs and in the docs. A code is never
 * renamed. `hint` says what to do. HTTP status codes are given to them in `api/problem.ts` alone.
 */
export const ERRORS = {
  // Credentials and rights
  TOKEN_MISSING: [
    'No valid token',
    'Send `Authorization: Bearer <token>` with a token that this installation has issued.',
  ],
  TOKEN_EXPIRED: ['The token has expired or was revoked', 'Create a new token.'],
  SIGN_IN_FAILED: ['Name or password is wrong', 'Check both; an admin can set a new password.'],
  CROSS_SITE_REQUEST: [
    'The request does not come from a page of this server',
    'Use the dashboard of this server, or send a bearer token instead of the cookie.',
  ],
  ROLE_INSUFFICIENT: ['The role does not allow this', 'Use a token with a higher role.'],
  CREDENTIAL_UNKNOWN: [
    'The credential is not registered for this device',
    'Issue a certificate or token for the device and connect with it.',
  ],
  CREDENTIAL_REVOKED: ['The credential was revoked', 'Issue a new certificate or token.'],
  CREDENTIAL_EXPIRED: ['The credential has expired', 'Issue a new certificate or token.'],
  CERTIFICATE_MISSING: [
    'The client sent no certificate',
    "Connect with the device's certificate and its key; a token goes to the listener without mutual TLS.",
  ],
  CERTIFICATE_UNTRUSTED: [
    "The certificate does not verify against the platform's authority",
    'Issue a certificate for the device here, and check which files the device uses.',
  ],
  DEVICE_DISABLED: ['The device is disabled', 'Enable it with PATCH {"enabled":true}.'],
  DEVICE_UNKNOWN: ['The device is not registered', 'Create it with POST /api/v1/devices.'],
  CLIENT_ID_FORBIDDEN: [
    'The client id belongs to another device',
    "Use the device's own id or any free text as client id.",
  ],
  SESSION_SUPERSEDED: [
    'A newer connection of this device has taken over',
    'Nothing to do: the newer connection goes on.',
  ],
  TOPIC_FORBIDDEN: ['The device may not use this topic', 'Publish under devices/{id}/ with the id of the credential.'],
  // Content
  PAYLOAD_INVALID: ['The payload does not fit its schema', 'Correct the member that `pointer` names.'],
  PAYLOAD_TOO_LARGE: ['The payload is too large', 'Send less per message; docs/reference/limits.md has the bounds.'],
  CSR_INVALID: [
    'The certificate signing request is not acceptable',
    'Send one PEM CSR with a P-256, P-384, Ed25519 or RSA 2048-4096 key, signed by that key.',
  ],
  CURSOR_INVALID: ['The cursor does not belong to this query', 'Start again without the cursor.'],
  PARAMETER_INVALID: ['A parameter is not acceptable', 'Correct the parameter that `pointer` names.'],
  IDEMPOTENCY_KEY_REUSED: ['The Idempotency-Key belongs to another request', 'Choose a new key for each new request.'],
  IDEMPOTENCY_IN_PROGRESS: ['The request with this Idempotency-Key is still running', 'Send it again in a second.'],
  IDEMPOTENCY_ANSWER_LOST: [
    'The request was carried out, and its answer was lost with the process',
    'Revoke what it made, at `Fleetlog-Sequence` of the device or tenant, and send again with a new key.',
  ],
  FILTER_INVALID: [
    'The filter is not a condition that can be evaluated',
    'Correct what `detail` names; filters are CEL, see docs/reference/rest.md.',
  ],
  CHART_TOO_LARGE: [
    'The chart would have too many points',
    'Ask for coarser buckets: `offered` holds an `every` that fits.',
  ],
  // Resources
  NOT_FOUND: ['There is nothing at this address', 'See /openapi.json for the addresses.'],
  DEVICE_NOT_FOUND: ['There is no such device', 'List the devices with GET /api/v1/devices.'],
  CERTIFICATE_NOT_FOUND: ['There is no such certificate', "List the device's certificates."],
  TOKEN_NOT_FOUND: ['There is no such token', 'List the tokens.'],
  USER_NOT_FOUND: ['There is no such user', 'List the users with GET /api/v1/users.'],
  SESSION_NOT_FOUND: ['There is no such session', 'List the sessions with GET /api/v1/sessions.'],
  USER_EXISTS: ['A user with this name exists', 'Change it with PATCH, or choose another name.'],
  LAST_ADMIN: [
    'The tenant has no other admin who may sign in',
    'Give another user the role admin, or enable another admin, first.',
  ],
  DEVICE_EXISTS: ['A device with this id exists', 'Change it with PATCH, or choose another id.'],
  CERTIFICATE_LIMIT: ['The device has two active certificates', 'Revoke one first.'],
  BUNDLE_GONE: ['The bundle was already fetched or has expired', 'Issue a new certificate; a private key leaves once.'],
  VERSION_CONFLICT: [
    'The resource has changed since you read it',
    'Read it again and repeat the change with its new ETag.',
  ],
  METHOD_NOT_ALLOWED: ['This address does not take that method', 'See the header Allow.'],
  NOT_ACCEPTABLE: ['None of the accepted media types is available', 'See /openapi.json for the media types.'],
  MEDIA_TYPE_UNSUPPORTED: ['The body has an unsupported media type', 'See /openapi.json for the media types.'],
  URL_TOO_LONG: ['The address is too long', 'Send at most 8 KiB of path and query.'],
  HEADERS_TOO_LARGE: ['The headers are too large', 'Send at most 16 KiB of headers.'],
  REQUEST_TIMEOUT: [
    'The request did not come to its end in time',
    'Send all of it within 30 s, its headers within 10 s.',
  ],
  REQUEST_MALFORMED: ['The bytes are no HTTP request', 'Speak HTTP/1.1 here: this port knows neither TLS nor MQTT.'],
  MISDIRECTED_REQUEST: ['The host name is not served here', 'Set FLEETLOG_PUBLIC_HOST to the name that clients use.'],
  // State of the platform
  RATE_LIMITED: ['Too many requests', 'Wait as Retry-After says.'],
  BUSY: ['Too much is waiting for this device', 'Send again later.'],
  TIMEOUT: ['The answer took too long', 'Try again; nothing is lost.'],
  JOURNAL_UNAVAILABLE: ['The journal does not accept events now', 'Nothing was acknowledged; send again. See /readyz.'],
  JOURNAL_CORRUPT: ['The stream does not verify', 'Run `fleetlog doctor`; the stream is quarantined, others go on.'],
  RELAY_OFF: ['Kafka is off', 'Set KAFKA_BROKERS; events wait in the journal.'],
  OVERLOADED: ['The platform is overloaded', 'Wait as Retry-After says.'],
  SHUTTING_DOWN: ['The platform is stopping', 'Try again in a few seconds.'],
  ACTOR_FAILED: ['An internal fault', 'The request id finds it in the log.'],
  INTERNAL: ['An internal fault', 'The request id finds it in the log.'],
} as const satisfies Record<string, readonly [title: string, hint: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** A fault with a code of the catalogue. Expected refusals are values (`Rejection`); this is for what has to be thrown. */
export class FleetlogError extends Error {
  constructor(
    readonly code: ErrorCode,
    detail: string,
    options?: { readonly cause?: unknown; readonly pointer?: string },
  ) {
    super(detail, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FleetlogError';
    this.pointer = options?.pointer;
  }

  /** JSON pointer into the refused input. */
  readonly pointer: string | undefined;
}

/** The journal took nothing of it, and will not. */
export class JournalUnavailable extends FleetlogError {
  constructor(detail: string, options?: { readonly cause?: unknown }) {
    super('JOURNAL_UNAVAILABLE', detail, options);
    this.name = 'JournalUnavailable';
  }
}

/** The platform cannot start as things are: `message` is the one sentence that says what is wrong and what to do about it. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}
