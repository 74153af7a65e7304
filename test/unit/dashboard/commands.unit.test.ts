import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { curlLine, fleetlogLine } from '../../../src/api/dashboard/format/commands.js';

/** What a shell makes of a line: its words, with the token put in. */
function wordsOf(line: string): string[] {
  const script = `words() { for word in "$@"; do printf '%s\\0' "$word"; done; }; words ${line}`;
  const env = { PATH: process.env.PATH, FLEETLOG_TOKEN: 'the-token' };
  return execFileSync('sh', ['-c', script], { env }).toString().split('\0').slice(0, -1);
}

test('a line for curl asks the same question, with the token of the shell', () => {
  const line = curlLine(
    { path: '/api/v1/events', query: { types: 'A,B', limit: 5, filter: '', device: undefined }, accept: 'text/csv' },
    'http://127.0.0.1:8080',
  );
  expect(line).not.toContain('the-token');
  expect(wordsOf(line)).toEqual([
    'curl',
    '-H',
    'Authorization: Bearer the-token',
    '-H',
    'Accept: text/csv',
    'http://127.0.0.1:8080/api/v1/events?types=A%2CB&limit=5',
  ]);
});

test('SEC-80 whatever stands in an address stays one word of the shell', () => {
  for (const text of [`it's`, '$(touch /tmp/x)', '`id`', 'a; b', '"', '\\', 'a\nb', '--after=0:1', '!!', '*']) {
    expect(wordsOf(fleetlogLine(['events', 'ls'], { filter: text }))).toEqual([
      'npx',
      'fleetlog',
      'events',
      'ls',
      `--filter=${text}`,
    ]);
    const url = new URL(wordsOf(curlLine({ path: '/api/v1/events', query: { filter: text } }, 'http://host')).at(-1)!);
    expect(url.searchParams.get('filter')).toBe(text);
  }
});
