/** A line of CSV (RFC 4180) with the members of `row` that `fields` names; what is no plain value is its JSON. */
export function csvLine(row: Readonly<Record<string, unknown>>, fields: readonly string[]): string {
  return csvCells(fields.map((field) => row[field]));
}

export function csvCells(values: readonly unknown[]): string {
  return values.map(cellOf).join(',');
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return quoted(harmless(value));
  return quoted(JSON.stringify(value));
}

/** SEC-88: a spreadsheet takes such a text for a formula. */
const harmless = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
