// Markdown of the generated parts.

/** A table; cells are Markdown, a `|` in them is escaped. */
export function table(header, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(text) {
  return `\`${text}\``;
}

/** An indented block of plain text, as a terminal shows it. */
export function block(text) {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
