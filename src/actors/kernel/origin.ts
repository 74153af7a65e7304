import type { MetadataParts } from './hash-chain.js';
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

/** An origin with its members as the beginning of a JSON object, up to the value of the member `correlationId` that follows. */
export interface EncodedOrigin {
  readonly origin: Origin;
  readonly head: Buffer;
}

/**
 * An origin lives as long as its connection or request: its bytes are made once and copied into the metadata of each event (bench
 * `ingest`).
 * @param last origin that was encoded; answered when it is the same
 */
export function encodeOrigin(origin: Origin, last?: EncodedOrigin): EncodedOrigin {
  if (last?.origin === origin) return last;
  let members = '';
  for (const member of MEMBERS) {
    const value = origin[member];
    if (value !== undefined) members += `"${member}":${JSON.stringify(value)},`;
  }
  return { origin, head: Buffer.from(`{${members}"correlationId":`) };
}

/** What JSON spells as it is. */
const PLAIN = /^[\w/:.-]*$/;

/**
 * Metadata of one event, complete but for the hash (`hash-chain.ts` appends it).
 * @param correlationId what this event belongs to; the first event of a chain names itself, `<stream>:<sequence>`
 * @param causationId what caused it directly, when that is an event too
 */
export function encodeMetadata(
  { head }: EncodedOrigin,
  correlationId: string,
  causationId: string | undefined,
): MetadataParts {
  const correlation = PLAIN.test(correlationId) ? `"${correlationId}"` : JSON.stringify(correlationId);
  const causation = causationId === undefined ? '' : `,"causationId":${JSON.stringify(causationId)}`;
  return { head, tail: `${correlation}${causation}}` };
}
