import type { Origin } from './ports/entities.js';

/** Order of the members in the metadata: fixed, because the bytes are hashed and a diff of two events should be readable. */
const MEMBERS = [
  'tenant',
  'principal',
  'credential',
  'sessionEpoch',
  'via',
  'address',
  'policy',
  'idempotencyKey',
] as const satisfies readonly (keyof Origin)[];

const encoded = new WeakMap<Origin, string>();

/**
 * The origin's members as the beginning of a JSON object, without the closing brace. An origin lives as long as its
 * connection or request, so the text is made once and copied into each event's metadata (bench `ingest`).
 */
export function encodeOrigin(origin: Origin): string {
  const known = encoded.get(origin);
  if (known !== undefined) return known;
  let members = '';
  for (const member of MEMBERS) {
    const value = origin[member];
    if (value !== undefined) members += `${members === '' ? '' : ','}"${member}":${JSON.stringify(value)}`;
  }
  const text = `{${members}`;
  encoded.set(origin, text);
  return text;
}

/**
 * Metadata of one event, complete but for the hash (`hash-chain.ts` appends it).
 * @param correlationId what this event belongs to; the first event of a chain names itself, `<stream>:<sequence>`
 * @param causationId what caused it directly, when that is an event too
 */
export function encodeMetadata(origin: Origin, correlationId: string, causationId: string | undefined): string {
  const head = `${encodeOrigin(origin)},"correlationId":${JSON.stringify(correlationId)}`;
  return causationId === undefined ? `${head}}` : `${head},"causationId":${JSON.stringify(causationId)}}`;
}
