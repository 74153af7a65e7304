import { describe, expect, test } from '@jest/globals';
import { createMessageReader } from '../../../src/api/dashboard/data/event-source.js';

const STREAM =
  'retry: 2500\n\n' +
  'id: 0:1,1:0\ndata: {"sequence":1}\n\n' +
  ': still here\nid: 0:9,1:4\n\n' +
  'event: skipped\ndata: 12\n\n' +
  'data: first line\ndata: second line\n\n';
const MESSAGES = [
  { event: 'message', data: undefined, id: undefined, retry: 2500 },
  { event: 'message', data: '{"sequence":1}', id: '0:1,1:0', retry: undefined },
  { event: 'message', data: undefined, id: '0:9,1:4', retry: undefined },
  { event: 'skipped', data: '12', id: undefined, retry: undefined },
  { event: 'message', data: 'first line\nsecond line', id: undefined, retry: undefined },
];

describe('server-sent messages', () => {
  test.each([1, 2, 7, 1000])('are the same in pieces of %i characters', (size) => {
    const read = createMessageReader();
    const pieces = Array.from({ length: Math.ceil(STREAM.length / size) }, (_, index) =>
      STREAM.slice(index * size, (index + 1) * size),
    );
    expect(pieces.flatMap(read)).toEqual(MESSAGES);
  });

  test('a comment alone says nothing', () => {
    expect(createMessageReader()(': hello\n\n')).toEqual([]);
  });
});
