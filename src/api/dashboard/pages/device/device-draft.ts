import type { Device } from './device-state.js';

/** What people change of a device, as the fields of a form hold it. */
export interface DeviceDraft {
  readonly name: string;
  readonly type: string;
  /** With commas between them. */
  readonly tags: string;
  /** JSON. */
  readonly attributes: string;
  /** Seconds. */
  readonly interval: string;
  readonly grace: string;
  readonly enabled: boolean;
}

/** One member that differs. `undefined` is a member that is not there. */
export interface Change {
  /** JSON pointer; attributes change one by one. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

type Members = ReadonlyMap<string, unknown>;

export function draftOf(device: Device): DeviceDraft {
  const { name = '', type = '', tags, attributes, heartbeat, enabled } = device;
  return {
    name,
    type,
    tags: tags.join(', '),
    attributes: JSON.stringify(attributes, undefined, 2),
    interval: heartbeat === undefined ? '' : String(heartbeat.interval),
    grace: heartbeat === undefined ? '' : String(heartbeat.grace),
    enabled,
  };
}

/** What can not be sent as it stands, by the name of its field. */
export function draftFaults({ attributes, interval, grace }: DeviceDraft): Partial<Record<keyof DeviceDraft, string>> {
  return {
    ...(readObject(attributes) === undefined && { attributes: 'This is no JSON object.' }),
    ...(!isSeconds(interval) && { interval: 'Seconds, as 60.' }),
    ...(!isSeconds(grace) && { grace: 'Seconds, as 30.' }),
    ...((interval.trim() === '') !== (grace.trim() === '') && { grace: 'Both or neither.' }),
  };
}

/** What a draft without faults changes of a device. */
export function draftChanges(device: Device, draft: DeviceDraft): readonly Change[] {
  const { name, type, tags, attributes, interval, grace, enabled } = draft;
  return changes(
    membersOf(device),
    membersOf({
      name: name.trim() === '' ? undefined : name.trim(),
      type: type.trim() === '' ? undefined : type.trim(),
      tags: tags
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
      attributes: readObject(attributes) ?? {},
      heartbeat: interval.trim() === '' ? undefined : { interval: Number(interval), grace: Number(grace) },
      enabled,
    }),
  );
}

/** What has become of a device since. */
export function deviceChanges(before: Device, after: Device): readonly Change[] {
  return changes(membersOf(before), membersOf(after));
}

/** Paths that both have changed, and not to the same. */
export function overlap(theirs: readonly Change[], yours: readonly Change[]): ReadonlySet<string> {
  return new Set(
    yours
      .filter(({ path, to }) => theirs.some((other) => other.path === path && !same(other.to, to)))
      .map(({ path }) => path),
  );
}

/** As a merge patch (RFC 7396): null removes. */
export function patchOf(given: readonly Change[]): object {
  const patch: Record<string, unknown> = {};
  for (const { path, to = null } of given) {
    const [member = '', inner] = path.slice(1).split('/').map(unescape);
    if (inner === undefined) patch[member] = to;
    else patch[member] = { ...(patch[member] as object | undefined), [inner]: to };
  }
  return patch;
}

/** Absent members may be told as such, or left out. */
type Known = {
  readonly [Member in 'name' | 'type' | 'tags' | 'heartbeat' | 'enabled']?: Device[Member] | undefined;
} & {
  readonly attributes?: object;
};

function membersOf(device: Known): Members {
  const { name, type, tags, heartbeat, enabled, attributes = {} } = device;
  return new Map<string, unknown>([
    ...Object.entries({ name, type, tags, heartbeat, enabled }).map(([key, value]) => [`/${key}`, value] as const),
    ...Object.entries(attributes).map(([key, value]) => [`/attributes/${escape(key)}`, value] as const),
  ]);
}

function changes(before: Members, after: Members): readonly Change[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((path) => ({ path, from: before.get(path), to: after.get(path) }))
    .filter(({ from, to }) => !same(from, to));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isSeconds(text: string): boolean {
  return text.trim() === '' || Number(text) > 0;
}

/** RFC 6901 §3. */
function escape(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescape(member: string): string {
  return member.replaceAll('~1', '/').replaceAll('~0', '~');
}
