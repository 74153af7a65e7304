import type { Logger } from './ports/surroundings.js';

interface Stoppable {
  stop(): unknown;
}

/** Everything of the process that runs until it is stopped, in the order of its start. */
export interface RunningParts {
  /** Stops before all that were added before it. Returns the part. */
  add<P extends Stoppable>(name: string, part: P): P;
  /**
   * A part that may still be starting when the stop comes, and outlives this process when it is left alone: the stop waits for
   * its start. With `last`, it stops after every other part.
   */
  addStarting(name: string, starting: Promise<Stoppable>, order?: 'last'): void;
  /** Stops the parts in reverse order. One that fails to is logged and holds up no other. */
  stopAll(logger: Logger): Promise<void>;
  /** What `stopAll` has not stopped yet. */
  readonly left: readonly string[];
}

export function createRunningParts(): RunningParts {
  const parts: (Stoppable & { readonly name: string })[] = [];
  return {
    add(name, part) {
      parts.push({ name, stop: () => part.stop() });
      return part;
    },
    addStarting(name, starting, order) {
      const stop = async (): Promise<void> => {
        const started = await starting.catch(() => undefined); // a failed start has ended what it began
        await started?.stop();
      };
      if (order === 'last') parts.unshift({ name, stop });
      else parts.push({ name, stop });
    },
    async stopAll(logger) {
      for (let part = parts.at(-1); part; part = parts.at(-1)) {
        try {
          await part.stop();
        } catch (error) {
          logger.error({ part: part.name, err: error }, 'a part did not stop in order');
        }
        parts.splice(parts.indexOf(part), 1); // a part may have been added meanwhile
      }
    },
    get left() {
      return parts.map(({ name }) => name);
    },
  };
}
