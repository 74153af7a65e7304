/**
 * The name out of `known` that a mistyped `name` most likely meant; `undefined` when none is near (more than half of its
 * letters would have to change).
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  return best !== undefined && best.distance * 2 <= Math.max(best.name.length, 2) ? best.name : undefined;
}

/** Levenshtein distance: insertions, deletions and replacements of one character. Long foreign names are cut first. */
function editDistance(from: string, to: string): number {
  const left = from.slice(0, 64);
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === to[j - 1] ? 0 : 1);
      next[j] = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, replaced);
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
