import { useMemo } from 'preact/hooks';
import { signal, type ReadonlySignal } from '@preact/signals';
import { toProblem, type Problem } from '../data/client.js';
import { noteFailure } from '../data/session.js';

/** Something that is asked of the server: whether it is under way, and why it failed. */
export interface Attempt {
  readonly busy: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<Problem | undefined>;
  /** Does it, unless it is under way. Never throws: what is thrown becomes the problem. */
  run(work: () => Promise<void>): Promise<void>;
}

export function useAttempt(): Attempt {
  return useMemo(createAttempt, []);
}

function createAttempt(): Attempt {
  const busy = signal(false);
  const problem = signal<Problem | undefined>(undefined);
  return {
    busy,
    problem,
    async run(work) {
      if (busy.value) return;
      busy.value = true;
      problem.value = undefined;
      try {
        await work();
      } catch (error) {
        noteFailure(error);
        problem.value = toProblem(error);
      }
      busy.value = false;
    },
  };
}

/** What a problem says of one member of what was sent. @param pointer JSON pointer */
export function faultAt(problem: Problem | undefined, pointer: string): string | undefined {
  return problem?.errors?.find((error) => error.pointer === pointer)?.message;
}
