const GROUPED = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const DIGITS = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

// Made once: a formatter costs a hundred times what it takes to format a number.
const MEASURED = new Intl.NumberFormat('en', { maximumFractionDigits: 4 });

/** `1,204,882`, with a true minus sign. */
export function grouped(value: number): string {
  return GROUPED.format(value).replace('-', '−');
}

/** With so many digits behind the point. */
export function fixed(value: number, digits: 0 | 1 | 2 | 3): string {
  return (DIGITS[digits] ?? GROUPED).format(value).replace('-', '−');
}

/** A measured value: as many digits as mean something, never more than four behind the point. */
export function measured(value: number): string {
  if (Number.isInteger(value)) return grouped(value);
  const digits = Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 2 : 4;
  return MEASURED.format(Number(value.toFixed(digits))).replace('-', '−');
}

/** One event, two events. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** A duration of ms as one reads it: `0.84 ms`, `12.0 ms`, `1.20 s`. */
export function milliseconds(ms: number): readonly [figure: string, unit: string] {
  if (ms >= 1000) return [fixed(ms / 1000, 2), 's'];
  return [fixed(ms, ms < 10 ? 2 : ms < 100 ? 1 : 0), 'ms'];
}
