import type { Random } from './random.js';

/** Shares in [0, 1] of the sends that meet a fault; together at most 1. */
export interface Faults {
  /** The message is lost on its way and sent again, with the same message ids, when its acknowledgement stays out. */
  readonly drop: number;
  /** The message is sent twice in succession. */
  readonly duplicate: number;
  /** The message is overtaken by the one behind it. */
  readonly reorder: number;
}

export type Fault = 'none' | keyof Faults;

export const NO_FAULTS: Faults = Object.freeze({ drop: 0, duplicate: 0, reorder: 0 });

const NAMES: Readonly<Record<string, keyof Faults>> = { drop: 'drop', dup: 'duplicate', reorder: 'reorder' };
const SHARE = /^(\d+(?:\.\d+)?)(%?)$/;

/**
 * Reads `drop=1%,dup=1%,reorder=0.01` (`--faults` of `fleetlog simulate`). Shares are percents, or parts of 1.
 * @throws Error whose message is one sentence for the user
 */
export function parseFaults(text: string): Faults {
  const faults = { ...NO_FAULTS };
  for (const part of text.split(',')) {
    const [name = '', share = '', ...rest] = part.trim().split('=');
    const kind = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (kind === undefined) throw new Error(`"${name}" is no fault: use drop, dup and reorder, as in drop=1%,dup=1%.`);
    const [, digits, percent] = SHARE.exec(share) ?? [];
    const value = digits === undefined ? NaN : Number(digits) / (percent === '%' ? 100 : 1);
    if (rest.length > 0 || !(value <= 1)) throw new Error(`"${part.trim()}": a share is 0% to 100%, or 0 to 1.`);
    faults[kind] = value;
  }
  if (faults.drop + faults.duplicate + faults.reorder > 1) throw new Error('All faults together are at most 100%.');
  return faults;
}

/** Draws the fault of one send after the other; the same seed gives the same faults. */
export function createFaultSource(faults: Faults, random: Random): () => Fault {
  const { drop, duplicate, reorder } = faults;
  return () => {
    const drawn = random();
    if (drawn < drop) return 'drop';
    if (drawn < drop + duplicate) return 'duplicate';
    if (drawn < drop + duplicate + reorder) return 'reorder';
    return 'none';
  };
}
