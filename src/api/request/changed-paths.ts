/** JSON pointers (RFC 6901) of what a change touches; `''` = all of it. */
export type Paths = readonly string[];

/** What a merge patch (RFC 7396) writes or removes. */
export function pathsOfPatch(patch: object): Paths {
  return Object.entries(patch).flatMap(([name, value]) => {
    const pointer = `/${escape(name)}`;
    if (!isObject(value)) return [pointer];
    const inner = pathsOfPatch(value);
    return inner.length === 0 ? [pointer] : inner.map((path) => pointer + path);
  });
}

/** Where two documents differ; of arrays only that they do, as merge patches have it. */
export function changedPaths(before: object, after: object): Paths {
  const old = new Map<string, unknown>(Object.entries(before));
  const now = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const pointer = `/${escape(name)}`;
    const was: unknown = old.get(name);
    const is: unknown = now.get(name);
    if (isObject(was) && isObject(is)) return changedPaths(was, is).map((path) => pointer + path);
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [pointer];
  });
}

/** Whether one of the paths of one side is, holds or lies in one of the other. */
export function overlap(one: Paths, other: Paths): boolean {
  return one.some((a) => other.some((b) => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
