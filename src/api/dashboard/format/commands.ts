/** What a page asks of the server: the same, to be asked from a terminal. */
export interface ApiQuestion {
  /** As `/api/v1/devices`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Media type, where it is not JSON. */
  readonly accept?: string;
}

/** The question as a line for curl. The token never stands in it: the shell puts it in. */
export function curlLine({ path, query = {}, accept }: ApiQuestion, origin: string): string {
  const parameters = new URLSearchParams(given(query)).toString();
  const url = `${origin}${path}${parameters === '' ? '' : `?${parameters}`}`;
  const accepts = accept === undefined ? '' : ` -H ${quoted(`Accept: ${accept}`)}`;
  return `curl -H "Authorization: Bearer $FLEETLOG_TOKEN"${accepts} ${quoted(url)}`;
}

/** A line for the command line. @param options by name, without their dashes */
export function fleetlogLine(
  words: readonly string[],
  options: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const parts = [...words, ...given(options).map(([name, value]) => `--${name}=${value}`)];
  return ['npx fleetlog', ...parts.map(quoted)].join(' ');
}

function given(values: Readonly<Record<string, string | number | undefined>>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  );
}

/** One word of a POSIX shell, whatever is in it: a filter is text of somebody else when its link was sent around. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
