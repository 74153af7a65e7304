import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A bare HTTP server that answers as a test says and remembers what it was asked. */
export interface ContractServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  stop(): Promise<void>;
}

export async function startContractServer(
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<ContractServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  const media = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': media }).end(JSON.stringify(body));
}

export function sendProblem(response: ServerResponse, status: number, code: string): void {
  const problem = { title: 'A title', detail: 'A detail.', hint: 'A hint.', requestId: 'request-1', instance: '/' };
  sendJson(response, { type: `/docs/errors/${code}`, status, code, ...problem }, status);
}

/** An event as the server writes it. */
export function eventJson(sequence: number, position = sequence): object {
  const time = '2026-01-01T00:00:00.123Z';
  return {
    shard: 0,
    position,
    stream: 'device/default/pump-7',
    sequence,
    type: 'TelemetryRecorded',
    schemaVersion: 1,
    occurredAt: time,
    recordedAt: time,
    tenant: 'default',
    device: 'pump-7',
    payload: { values: { temperature: sequence } },
    metadata: {},
  };
}
