/** Positions that a reader has passed over, as ranges: a long gap costs no more memory than a short one. */
export interface MissingPositions {
  /** `from` … `to`, above all that was added before; nothing when `to < from`. */
  add(from: number, to: number): void;
  /** Takes one out; `false` when it was not missing. */
  found(position: number): boolean;
  /** What is left, rising. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
}

export function createMissingPositions(): MissingPositions {
  const ranges: { from: number; to: number }[] = [];
  return {
    ranges,
    add(from, to) {
      if (to >= from) ranges.push({ from, to });
    },
    found(position) {
      const index = ranges.findIndex(({ from, to }) => from <= position && position <= to);
      const range = ranges[index];
      if (range === undefined) return false;
      const left = [
        { from: range.from, to: position - 1 },
        { from: position + 1, to: range.to },
      ].filter(({ from, to }) => from <= to);
      ranges.splice(index, 1, ...left);
      return true;
    },
  };
}
