import type { Page, Request, Response } from 'playwright-core';
import { serveDashboard } from './dashboard-files.js';

/** A page of the dashboard at one moment: what the server has answered, so that it looks the same for ever. */
export interface Scene {
  readonly path: string;
  /** ms since 1970. */
  readonly at: number;
  readonly answers: Readonly<Record<string, RecordedAnswer>>;
}

interface RecordedAnswer {
  readonly status: number;
  readonly body: unknown;
}

export const SCENE_ORIGIN = 'http://127.0.0.1:8080';
/** Parameters that follow the clock or an earlier answer. */
const MOVING = ['from', 'to', 'after', 'before', 'cursor'];

/** Notes what a page is answered, from now on. The stream is none of it: a picture stands still. */
export function recordAnswers(page: Page): { take(): Promise<Scene['answers']> } {
  const seen = new Map<string, Response>();
  page.on('response', (response) => {
    const request = response.request();
    if (isStream(request) || !/\/(api|readyz)/.test(new URL(request.url()).pathname)) return;
    seen.set(keyOf(request), response);
  });
  return {
    async take() {
      const answers: [string, RecordedAnswer][] = [];
      for (const [key, response] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1))) {
        answers.push([key, { status: response.status(), body: (await response.json()) as unknown }]);
      }
      return Object.fromEntries(answers);
    },
  };
}

/** Lets a page see the scene, at its moment. @returns what the page asked that the scene does not hold */
export async function replayScene(page: Page, scene: Scene, folder: string): Promise<readonly string[]> {
  const unknown: string[] = [];
  await page.clock.setFixedTime(scene.at);
  await page.addInitScript(SILENT_STREAM);
  await serveDashboard(page, SCENE_ORIGIN, folder, (route) => {
    const key = keyOf(route.request());
    const answer = scene.answers[key];
    if (answer === undefined) unknown.push(key);
    return route.fulfill({ status: answer?.status ?? 404, json: answer?.body ?? {} });
  });
  return unknown;
}

/** A stream that is open and says nothing. */
const SILENT_STREAM = `{
  const real = fetch;
  window.fetch = (address, init = {}) =>
    new Headers(init.headers).get('Accept') === 'text/event-stream'
      ? Promise.resolve(new Response(new ReadableStream({}), { headers: { 'Content-Type': 'text/event-stream' } }))
      : real(address, init);
}`;

function isStream(request: Request): boolean {
  return request.headers()['accept'] === 'text/event-stream';
}

function keyOf(request: Request): string {
  const { pathname, searchParams } = new URL(request.url());
  for (const name of MOVING) if (searchParams.has(name)) searchParams.set(name, '*');
  searchParams.sort();
  const query = searchParams.toString();
  return `${request.method()} ${pathname}${query === '' ? '' : `?${query}`}`;
}
