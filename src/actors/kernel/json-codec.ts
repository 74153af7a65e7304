import type { DomainEvent, EntityCodec } from './decider.js';

/** Lifts the data of one event type by one schema version. Pure: journals of all times pass through it. */
type Upcaster = (data: unknown, occurredAt: number) => unknown;

/** Upcasters of one event type: the one under `1` makes version 2 out of version 1, and so on. */
export type UpcasterChain = Readonly<Record<number, Upcaster>>;

export interface JsonCodecOptions<E extends DomainEvent, S> {
  /** Current schema version of every event type there is. */
  readonly versions: Readonly<Record<E['type'], number>>;
  /** Only for types whose version is above 1. */
  readonly upcasters: Readonly<Partial<Record<E['type'], UpcasterChain>>>;
  readonly snapshotVersion: number;
  toSnapshot(state: S): unknown;
  fromSnapshot(value: unknown): S;
}

/** Events as JSON of their data, old versions lifted step by step. */
export function createJsonCodec<E extends DomainEvent, S>(options: JsonCodecOptions<E, S>): EntityCodec<E, S> {
  const versions = new Map<string, number>(Object.entries(options.versions));
  const upcasters = new Map<string, UpcasterChain | undefined>(Object.entries(options.upcasters));

  function versionOf(type: string): number {
    const version = versions.get(type);
    if (version === undefined) throw new Error(`there is no event type ${type}`);
    return version;
  }

  return {
    versionOf,
    encode: (event) => Buffer.from(JSON.stringify(event.data)),
    decode(type, schemaVersion, payload, occurredAt) {
      const current = versionOf(type);
      if (!Number.isInteger(schemaVersion) || schemaVersion < 1 || schemaVersion > current) {
        throw new Error(`${type} has version ${schemaVersion}, this program reads 1 to ${current}`);
      }
      let data = JSON.parse(payload.toString()) as unknown;
      for (let version = schemaVersion; version < current; version += 1) {
        const lift = upcasters.get(type)?.[version];
        if (lift === undefined) throw new Error(`${type} has no upcaster from version ${version}`);
        data = lift(data, occurredAt);
      }
      // The schemas of `schemas/` describe the data; the journal is written by this codec alone and is hash-chained.
      return { type, occurredAt, data } as E;
    },
    snapshotVersion: options.snapshotVersion,
    toSnapshot: (state) => options.toSnapshot(state),
    fromSnapshot: (value) => options.fromSnapshot(value),
  };
}
