/** Topic matching by MQTT 3.1.1 §4.7, written from the text alone and recursively: the judge of what `may` grants. */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  const [want, ...restOfFilter] = filter;
  if (want === undefined) return topic.length === 0;
  if (want === '#') return true; // also the parent level
  const [have, ...restOfTopic] = topic;
  if (have === undefined) return false;
  return (want === '+' || want === have) && matches(restOfFilter, restOfTopic);
}

/** `matches` with the rule that wildcards at the front leave `$` topics out (§4.7.2). */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  return matches(filter.split('/'), topic.split('/'));
}
