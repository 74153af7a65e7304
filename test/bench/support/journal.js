// What the journal holds, read over REST as any user would.

/** Events of one type, shard by shard in their order. */
export async function* journalEvents(call, type) {
  const response = await call('GET', `/events?types=${type}`, undefined, 'application/x-ndjson');
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!line) continue;
      const event = JSON.parse(line);
      if (event.type === type) yield event;
    }
  }
}
