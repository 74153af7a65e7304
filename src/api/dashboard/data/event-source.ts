/** One message of a stream of server-sent events. */
export interface ServerSentMessage {
  readonly event: string;
  /** `undefined` for a message that only moves the position. */
  readonly data: string | undefined;
  /** Where to resume behind this message. */
  readonly id: string | undefined;
  /** Wait before connecting again, ms. */
  readonly retry: number | undefined;
}

/**
 * Reads messages out of the text of a stream (WHATWG HTML §9.2.6), whatever the pieces it arrives in. Unlike the browser's
 * own `EventSource` it leaves status codes, waiting and resuming to its user, who shows them.
 */
export function createMessageReader(): (piece: string) => ServerSentMessage[] {
  let rest = '';
  return (piece) => {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.flatMap(readMessage);
  };
}

function readMessage(block: string): ServerSentMessage[] {
  let event = 'message';
  let id: string | undefined;
  let retry: number | undefined;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0) continue; // a comment
    const [field, value] = colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'retry') retry = Number(value);
  }
  if (data.length === 0 && id === undefined && retry === undefined) return [];
  return [{ event, data: data.length === 0 ? undefined : data.join('\n'), id, retry }];
}
