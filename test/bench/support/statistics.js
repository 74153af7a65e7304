// What becomes of several runs of one measurement.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export function rounded(value, digits) {
  return Number(value.toFixed(digits));
}
