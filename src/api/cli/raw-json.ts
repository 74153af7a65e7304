/**
 * JSON cut into parts without reading them: an event is passed on in the very bytes that were journaled, since its hash covers
 * them and a number that is read and written again may be spelt otherwise. The text must be valid JSON.
 */

const KEY = /\s*("(?:[^"\\]|\\.)*")\s*:\s*/y;
const [QUOTE, BACKSLASH, COMMA, BEGIN_ARRAY, END_ARRAY, BEGIN_OBJECT, END_OBJECT] = Array.from(
  '"\\,[]{}',
  (character) => character.charCodeAt(0),
);

/** Members of an object, each value as it is spelt. */
export function memberTexts(json: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const [start, end] of partsOf(json)) {
    KEY.lastIndex = start;
    const key = KEY.exec(json)?.[1];
    if (key !== undefined) members.set(JSON.parse(key) as string, json.slice(KEY.lastIndex, end).trimEnd());
  }
  return members;
}

/** Elements of an array, each as it is spelt. */
export function elementTexts(json: string): readonly string[] {
  return [...partsOf(json)].map(([start, end]) => json.slice(start, end).trim()).filter((text) => text !== '');
}

/** Begin and end of what stands between the outermost brackets and their commas. */
function* partsOf(json: string): Generator<readonly [start: number, end: number]> {
  let depth = 0;
  let start = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at);
        break;
      case BEGIN_ARRAY:
      case BEGIN_OBJECT:
        depth += 1;
        if (depth === 1) start = at + 1;
        break;
      case END_ARRAY:
      case END_OBJECT:
        depth -= 1;
        if (depth === 0) yield [start, at];
        break;
      case COMMA:
        if (depth === 1) {
          yield [start, at];
          start = at + 1;
        }
        break;
      default:
    }
  }
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
