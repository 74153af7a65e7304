/** Most streams that are remembered; a journal with more is one fault, not many. */
const MOST_STREAMS = 1_000;

/** A stream whose events do not verify against their hash chain. */
export interface QuarantinedStream {
  readonly stream: string;
  /** Where it does not, in one sentence. */
  readonly detail: string;
}

/** The streams of this node that were found corrupt: each is refused, all others go on. `fleetlog doctor` names them. */
export interface Quarantine {
  readonly streams: readonly QuarantinedStream[];
  put(stream: string, detail: string): void;
  /** It has verified: somebody has restored it. */
  lift(stream: string): void;
}

export function createQuarantine(): Quarantine {
  const details = new Map<string, string>();
  return {
    get streams() {
      return [...details].map(([stream, detail]) => ({ stream, detail }));
    },
    put(stream, detail) {
      if (details.size < MOST_STREAMS) details.set(stream, detail);
    },
    lift: (stream) => void details.delete(stream),
  };
}
