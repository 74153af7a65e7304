/** Exit codes of the command line; never renumbered. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notAuthorized: 3,
  notFound: 4,
  conflict: 5,
  timeout: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What ends a command: a sentence for people, what to do about it, and the exit code. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  /** Code of the server's catalogue. */
  readonly code: string | undefined;
  /** Finds the request in the server's log. */
  readonly requestId: string | undefined;

  constructor(
    message: string,
    options: {
      readonly exitCode?: ExitCode;
      readonly hint?: string | undefined;
      readonly code?: string | undefined;
      readonly requestId?: string | undefined;
    } = {},
  ) {
    super(message);
    this.name = 'CliFailure';
    this.exitCode = options.exitCode ?? EXIT.failure;
    this.hint = options.hint;
    this.code = options.code;
    this.requestId = options.requestId;
  }
}

/** @returns the exit code that stands for an HTTP status */
function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 401:
    case 403:
      return EXIT.notAuthorized;
    case 404:
    case 410:
      return EXIT.notFound;
    case 409:
    case 412:
      return EXIT.conflict;
    case 408:
    case 504:
      return EXIT.timeout;
    default:
      return EXIT.failure;
  }
}

/** Where the status says less than the code. What is asked for in words of the server's is usage like any other. */
const EXIT_CODE_OF: Readonly<Record<string, ExitCode>> = {
  TIMEOUT: EXIT.timeout,
  PARAMETER_INVALID: EXIT.usage,
  FILTER_INVALID: EXIT.usage,
};

/** Reads a problem document (RFC 9457); anything else, say of a proxy, is told by its status. */
export function failureOf(status: number, body: string): CliFailure {
  const exitCode = exitCodeOf(status);
  const problem = readProblem(body);
  if (problem === undefined) {
    return new CliFailure(`The server answered ${status}.`, {
      exitCode,
      hint: 'Is this the address of a Fleetlog? See --url.',
    });
  }
  const { title, detail } = problem;
  const sentence = detail.startsWith(title) ? detail : `${title}: ${detail}`;
  const { errors = [] } = problem;
  // A single fault is what the detail says already.
  const faults = errors.length === 1 && errors[0]?.message === detail ? [] : errors;
  const members = faults.map(({ pointer, message }) => `\n  ${pointer}  ${message}`).join('');
  return new CliFailure(`${sentence}${members}`, {
    exitCode: EXIT_CODE_OF[problem.code] ?? exitCode,
    hint: problem.hint,
    code: problem.code,
    requestId: problem.requestId,
  });
}

interface Problem {
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
  readonly requestId?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

function readProblem(body: string): Problem | undefined {
  try {
    const value = JSON.parse(body) as Partial<Problem> | null;
    return typeof value?.code === 'string' && typeof value.title === 'string' ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}
