import type { IdempotencyStore } from '../../src/actors/kernel/ports/idempotency.js';

interface Kept {
  readonly bodyTag: string;
  readonly startedAt: number;
  running: boolean;
  answer: Buffer | undefined;
}

/** As the store in Postgres, of one process. */
export function createMemoryIdempotency(): IdempotencyStore & {
  readonly kept: ReadonlyMap<string, Kept>;
  /** The process dies before it has stored the answers. */
  loseAnswers(): void;
} {
  const kept = new Map<string, Kept>();
  return {
    kept,
    loseAnswers: () => kept.forEach((of) => Object.assign(of, { answer: undefined, running: false })),
    begin({ tenant, principal, request, bodyTag }) {
      const key = `${tenant}\n${principal}\n${request}`;
      const known = kept.get(key);
      if (known === undefined) {
        kept.set(key, { bodyTag, startedAt: Date.now(), running: true, answer: undefined });
        return Promise.resolve({ kind: 'new' });
      }
      if (known.running) return Promise.resolve({ kind: 'running' });
      if (known.bodyTag !== bodyTag) return Promise.resolve({ kind: 'reused' });
      if (known.answer !== undefined) return Promise.resolve({ kind: 'answered', answer: known.answer });
      known.running = true;
      return Promise.resolve({ kind: 'unknown', startedAt: known.startedAt });
    },
    finish({ tenant, principal, request }, answer) {
      Object.assign(kept.get(`${tenant}\n${principal}\n${request}`)!, { running: false, answer });
      return Promise.resolve();
    },
  };
}
