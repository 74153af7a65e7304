import { get, type Schema } from '../../data/client.js';

/** What the list is narrowed to, as its address has it. */
export interface DeviceNarrowing {
  readonly type?: string | undefined;
  readonly tag?: string | undefined;
  /** A condition in CEL over `device`. */
  readonly filter?: string | undefined;
}

/** One condition in CEL out of all of them. */
export function conditionOf({ type, tag, filter }: DeviceNarrowing): string {
  const parts = [
    ...(filter === undefined || filter === '' ? [] : [filter]),
    ...(type === undefined ? [] : [`device.type == ${JSON.stringify(type)}`]),
    ...(tag === undefined ? [] : [`${JSON.stringify(tag)} in device.tags`]),
  ];
  // A condition that somebody wrote may hold an `||`. It comes first: a fault names its column, one behind the bracket.
  return parts.length < 2 ? parts.join('') : parts.map((part) => `(${part})`).join(' && ');
}

/** A fault of the whole condition as one of what was typed. */
export function faultOfFilter(detail: string, { type, tag }: DeviceNarrowing): string {
  const bracket = type === undefined && tag === undefined ? 0 : 1;
  return detail.replace(/\(column (\d+)\)/, (_, column: string) => `(column ${Number(column) - bracket})`);
}

export interface DeviceQuery {
  readonly search: string;
  readonly filter: string;
  readonly sort: Schema<'DeviceSort'>;
  readonly state: string | undefined;
  readonly cursor: string | undefined;
  readonly limit: number;
}

export interface DeviceList {
  readonly items: readonly Schema<'DeviceSummary'>[];
  readonly next: string | null;
  /** About how many match, of a list that is narrowed down. */
  readonly estimate: number | undefined;
}

/** A page of devices. The server looks through a bounded number at a time: it is asked on until some match, or none is left. */
export async function readDevices(query: DeviceQuery, signal: AbortSignal): Promise<DeviceList> {
  let items: DeviceList['items'] = [];
  let cursor = query.cursor;
  let estimate: number | undefined;
  let count = query.search === '' && query.filter === '' ? undefined : ('estimate' as const);
  for (;;) {
    const rest = { ...query, cursor, count, limit: query.limit - items.length };
    const page = await get('/api/v1/devices', { query: rest, signal });
    items = [...items, ...page.items];
    cursor = page.next ?? undefined;
    estimate ??= page.estimate;
    count = undefined;
    if (cursor === undefined || items.length >= query.limit) return { items, next: cursor ?? null, estimate };
  }
}
