import { CliFailure, EXIT, failureOf } from './failure.js';
import { elementTexts, memberTexts } from './raw-json.js';
import type { Settings } from './settings.js';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** From the root of the server. */
  readonly path: string;
  /** Members that are `undefined` are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Statuses beside success that are answers and no failures. */
  readonly allow?: readonly number[];
  /** Time for the answer to begin, ms. @default 30000 */
  readonly patienceMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Thrown in place of a request that was to be shown and not sent. */
export class RequestShown extends Error {}

/** REST as a command uses it: any answer but success is a `CliFailure` with its exit code. */
export interface ApiClient {
  /** @returns the answer with its JSON body, `undefined` for none */
  call(request: ApiRequest): Promise<ApiAnswer>;
  /** Follows `next` through all pages. @param limit most items in all */
  items(request: ApiRequest, limit?: number): AsyncIterable<unknown>;
  /** As `items`, each as the server has spelt it. */
  itemTexts(request: ApiRequest, limit?: number): AsyncIterable<string>;
  /** Lines of a long answer as they come. */
  lines(request: ApiRequest): AsyncIterable<string>;
  bytes(request: ApiRequest): Promise<Buffer>;
  /** Shows what the command would send to change something, and ends the command, when that was asked for. */
  preview(request: ApiRequest): void;
}

/** Time for an answer to begin; a long answer then takes as long as it does. */
const ANSWER_MS = 30_000;
const LARGEST_PAGE = 250;

export function createApiClient(options: {
  readonly settings: Settings;
  readonly signal: AbortSignal;
  /** `--curl`: takes the request as a line for the shell in place of sending it. */
  readonly showCurl: ((line: string) => void) | undefined;
  /** `--dry-run`: takes a change in place of sending it. */
  readonly showChange: ((request: ApiRequest) => void) | undefined;
}): ApiClient {
  const { settings, signal, showCurl, showChange } = options;

  const preview = (request: ApiRequest): void => {
    if (showCurl) {
      showCurl(curlLine(settings, request));
      throw new RequestShown();
    }
    if (showChange && request.method !== 'GET') {
      showChange(request);
      throw new RequestShown();
    }
  };

  const open = async (request: ApiRequest): Promise<Response> => {
    preview(request);
    const slow = new AbortController();
    const patienceMs = request.patienceMs ?? ANSWER_MS;
    const timer = setTimeout(() => slow.abort(), patienceMs);
    try {
      const response = await fetch(addressOf(settings, request), {
        method: request.method,
        headers: headersOf(settings, request),
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
        signal: AbortSignal.any([signal, slow.signal]),
        redirect: 'error', // a redirect could carry the token to somebody else
      });
      if (response.ok || request.allow?.includes(response.status)) return response;
      throw failureOf(response.status, await response.text());
    } catch (error) {
      if (error instanceof CliFailure) throw error;
      throw signal.aborted
        ? new Interrupted()
        : unreachable(settings.url, error, slow.signal.aborted ? patienceMs : undefined);
    } finally {
      clearTimeout(timer);
    }
  };

  const call = async (request: ApiRequest): Promise<ApiAnswer> => {
    const response = await open(request);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const body: unknown = text === '' ? undefined : isJson ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  };

  async function* itemTexts(request: ApiRequest, limit = Infinity): AsyncGenerator<string> {
    let left = limit;
    let cursor: string | undefined;
    do {
      const pageSize = request.query?.['limit'] ?? String(Math.min(left, LARGEST_PAGE));
      const response = await open({ ...request, query: { ...request.query, limit: pageSize, cursor } });
      const page = memberTexts(await response.text());
      const items = elementTexts(page.get('items') ?? '[]');
      yield* items.slice(0, left);
      left -= items.length;
      cursor = (JSON.parse(page.get('next') ?? 'null') as string | null) ?? undefined;
    } while (cursor !== undefined && left > 0);
  }

  return {
    preview,
    call,
    itemTexts,
    async *items(request, limit) {
      for await (const text of itemTexts(request, limit)) yield JSON.parse(text);
    },
    async *lines(request) {
      const { body } = await open(request);
      if (body === null) return;
      let rest = '';
      try {
        for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          yield* lines.filter((line) => line !== '');
        }
      } catch {
        throw signal.aborted ? new Interrupted() : new ConnectionLost(settings.url);
      }
      // The server ends every line: what follows the last end was torn off.
      if (rest !== '') throw new ConnectionLost(settings.url);
    },
    async bytes(request) {
      return Buffer.from(await (await open(request)).arrayBuffer());
    },
  };
}

/** No answer, or one that broke off: worth another try, unlike a refusal. */
export class ConnectionLost extends CliFailure {
  constructor(url: string, message = `The connection to ${url} broke.`) {
    super(message, { hint: 'Is Fleetlog running? `npx fleetlog doctor` looks for the cause.' });
  }
}

/** Ended by whoever runs the command. */
export class Interrupted extends CliFailure {
  constructor(hint?: string) {
    super('Interrupted.', { hint });
  }
}

/** @param waitedMs how long, when it was too long */
function unreachable(url: string, error: unknown, waitedMs: number | undefined): CliFailure {
  if (waitedMs !== undefined) {
    return new CliFailure(`${url} did not answer within ${waitedMs / 1000} s.`, {
      exitCode: EXIT.timeout,
      hint: 'Nothing is lost: try again.',
    });
  }
  const { cause } = error as { readonly cause?: { readonly code?: string; readonly message?: string } };
  return new ConnectionLost(url, `${url} can not be reached (${cause?.code ?? cause?.message ?? String(error)}).`);
}

function addressOf({ url }: Settings, { path, query = {} }: ApiRequest): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  return parameters.size === 0 ? `${url}${path}` : `${url}${path}?${parameters.toString()}`;
}

function headersOf({ token }: Settings, { method, headers, body }: ApiRequest): Record<string, string> {
  const media = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'Content-Type': media }),
    ...headers,
  };
}

/** The request as a line for a POSIX shell. The token is masked by the variable it may come from, so that the line runs. */
function curlLine(settings: Settings, request: ApiRequest): string {
  const masked = { ...settings, ...(settings.token !== undefined && { token: '$FLEETLOG_TOKEN' }) };
  const headers = Object.entries(headersOf(masked, request)).map(([name, value]) =>
    name === 'Authorization' ? `-H "${name}: ${value}"` : `-H ${quoted(`${name}: ${value}`)}`,
  );
  return [
    'curl -sS',
    ...(request.method === 'GET' ? [] : [`-X ${request.method}`]),
    ...headers,
    ...(request.body === undefined ? [] : [`--data-raw ${quoted(JSON.stringify(request.body))}`]),
    quoted(addressOf(settings, request)),
  ].join(' ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
