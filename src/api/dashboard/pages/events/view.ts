import type { ApiQuestion } from '../../format/commands.js';
import { fleetlogLine } from '../../format/commands.js';

/** Members of the address that are parameters of `/api/v1/events` by the same name. */
const PARAMETERS = [
  'device',
  'stream',
  'types',
  'shard',
  'principal',
  'correlationId',
  'credential',
  'filter',
  'from',
  'to',
] as const;
/** Ranges that end now: they are read anew with the page. */
const SINCE_MS: Readonly<Record<string, number>> = {
  '15m': 15 * 60_000,
  '1h': 60 * 60_000,
  '24h': 24 * 60 * 60_000,
};

type Query = Readonly<Record<string, string | undefined>>;
/** Parameters of `/api/v1/events`. */
export type EventRequest = Readonly<Partial<Record<(typeof PARAMETERS)[number], string>>>;

/** Two addresses with the same key show the same events. */
export function viewKey(query: Query): string {
  return JSON.stringify([...PARAMETERS, 'since', 'before'].map((name) => query[name] ?? ''));
}

/** What the address asks for. */
export function requestOf(query: Query, now: number): EventRequest {
  const given = PARAMETERS.flatMap((name) => {
    const value = query[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const sinceMs = SINCE_MS[query['since'] ?? ''];
  return {
    ...Object.fromEntries(given),
    ...(sinceMs !== undefined && { from: new Date(now - sinceMs).toISOString() }),
  };
}

/** The address without any filter, but with what is open. */
export const WITHOUT_FILTERS: Readonly<Record<string, undefined>> = Object.fromEntries(
  [...PARAMETERS, 'since', 'before'].map((name) => [name, undefined]),
);

/** What is on screen, as a question to the server. */
export function questionOf(request: EventRequest, before: string): ApiQuestion {
  return { path: '/api/v1/events', query: { before, ...request } };
}

/** The same for the command line, which asks in CEL for what it has no option for. */
export function eventsLine(request: EventRequest): string {
  const { device, types, credential, from, to, stream, shard, principal, correlationId, filter } = request;
  const condition = [
    filter && `(${filter})`,
    stream && `event.stream == ${JSON.stringify(stream)}`,
    shard && `event.shard == ${Number(shard)}.0`,
  ].filter(Boolean);
  const live = to === undefined && credential === undefined;
  return fleetlogLine(['events', live ? 'tail' : 'ls'], {
    device,
    type: types,
    principal,
    correlation: correlationId,
    credential,
    ...(live ? { since: from } : { from, to }),
    filter: condition.length === 1 && filter ? filter : condition.join(' && '),
  });
}

/**
 * Where a list goes on behind its last row, as `before` has it. Of a shard without a row nothing was shown yet: what there
 * is of it fell off the end.
 * @param after where the list began
 */
export function behindRows(
  rows: readonly { readonly shard: number; readonly position: number }[],
  after: string,
): string {
  const places = new Map(after.split(',').map((place) => place.split(':').map(Number) as [number, number]));
  for (const { shard, position } of rows) places.set(shard, position - 1); // the last row of a shard is its oldest
  return [...places].map((place) => place.join(':')).join(',');
}

/** An open event's place in the address. */
export function placeOf({ shard, position }: { readonly shard: number; readonly position: number }): string {
  return `${shard}:${position}`;
}

export function readPlace(text: string | undefined): { shard: number; position: number } | undefined {
  const [, shard, position] = /^(\d{1,3}):(\d{1,15})$/.exec(text ?? '') ?? [];
  return shard === undefined ? undefined : { shard: Number(shard), position: Number(position) };
}
