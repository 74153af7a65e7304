/** Whose stream it is: the parts of `device/<tenant>/<id>` or `tenant/<tenant>`. */
export interface StreamKey {
  readonly concept: string;
  readonly tenant: string;
  /** Absent where the tenant itself is the entity. */
  readonly id?: string;
}

/** Takes a stream's name apart. Tenants and ids hold no `/` (`identifiers.ts`), so the first two slashes divide it. */
export function parseStreamKey(stream: string): StreamKey {
  const [concept = '', tenant = '', id] = stream.split('/', 3);
  return id === undefined ? { concept, tenant } : { concept, tenant, id };
}
