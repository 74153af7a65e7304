/** SQL for a `timestamptz` from milliseconds since 1970; exact for every time that JavaScript knows. */
export function fromMilliseconds(expression: string): string {
  return `timestamptz 'epoch' + ${expression} * interval '1 millisecond'`;
}

/** SQL for milliseconds since 1970 as `int8`. Rounded, because far from 1970 an interval product is off by microseconds. */
export function toMilliseconds(expression: string): string {
  return `round(extract(epoch from ${expression}) * 1000)::int8`;
}
