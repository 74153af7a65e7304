import { setTimeout as delay } from 'node:timers/promises';

/** A refusal of the server (RFC 9457), or of something on the way to it. */
export class RestProblem extends Error {
  constructor(
    readonly status: number,
    /** Code of the server's catalogue, or `HTTP_<status>` when the answer is no problem document. */
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'RestProblem';
  }
}

export interface RestClient {
  /** One call under `/api/v1`. @returns the JSON body, `undefined` when there is none. @throws RestProblem */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** A public text, path from the root of the server. @throws RestProblem */
  text(path: string): Promise<string>;
}

const MAX_ATTEMPTS = 10;
const MAX_WAIT_SECONDS = 60;
/** Too many requests, and a server that says when to come back. */
const COME_BACK_LATER = new Set([429, 503]);

/** @param options.url base of the server, without `/api/v1` */
export function createRestClient(options: {
  readonly url: string;
  readonly token: string;
  /** Ends a call and its waiting. */
  readonly signal?: AbortSignal;
}): RestClient {
  const { token, signal } = options;
  const base = options.url.replace(/\/+$/, '');

  const request = async (path: string, init: RequestInit): Promise<string> => {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${base}${path}`, { ...init, ...(signal && { signal }) });
      const text = await response.text();
      if (response.ok) return text;
      const seconds = Number(response.headers.get('retry-after') ?? NaN);
      const comeBack = COME_BACK_LATER.has(response.status) && seconds >= 0 && attempt < MAX_ATTEMPTS;
      if (!comeBack) throw problemOf(response.status, text, path);
      await delay(Math.min(seconds, MAX_WAIT_SECONDS) * 1000, undefined, signal && { signal });
    }
  };

  return {
    async call(method, path, body) {
      const text = await request(`/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    text: (path) => request(path, { method: 'GET' }),
  };
}

function problemOf(status: number, text: string, path: string): RestProblem {
  try {
    const { code, title, detail } = JSON.parse(text) as Record<string, unknown>;
    if (typeof code === 'string') return new RestProblem(status, code, `${path}: ${String(detail ?? title)} (${code})`);
  } catch {
    // Not JSON: an answer of a proxy, told by its status.
  }
  return new RestProblem(status, `HTTP_${status}`, `${path}: the server answered ${status}.`);
}
