import { seededRandom } from '../support/seeded-random.js';

/** How a fault is to be played. */
export interface FaultContext {
  readonly seed: number;
  /** In [0, 1), from the seed. */
  readonly random: () => number;
  /** The short form that `npm test` runs: the same fault and the same check, with fewer rounds and shorter waits. */
  readonly quick: boolean;
  /** Rounds: the wish of the command line, else the first in the short form, else the second. */
  rounds(quick: number, long: number): number;
  /** A line for whoever watches a long run. */
  readonly log: (line: string) => void;
}

/** A row of the fault matrix. */
export interface Fault {
  /** `F-21`. */
  readonly id: string;
  /** What is done, for the name of the test. */
  readonly title: string;
  /** Left out of the short form: it cannot be short, or the short form of another fault shows the same. */
  readonly longOnly?: boolean;
  /** It mostly waits: played beside the others, in a lane of its own. */
  readonly waits?: boolean;
  /**
   * Plays the fault, then checks everything.
   * @returns what was done and what held, in one line
   * @throws Error that names what did not hold
   */
  readonly run: (context: FaultContext) => Promise<string>;
}

export interface FaultWish {
  readonly seed: number;
  readonly quick: boolean;
  readonly rounds?: number;
}

export function createContext({ seed, quick, rounds }: FaultWish, log: FaultContext['log']): FaultContext {
  return {
    seed,
    random: seededRandom(seed),
    quick,
    rounds: (short, long) => rounds ?? (quick ? short : long),
    log,
  };
}
