import { describe, expect, test } from '@jest/globals';
import { createConditionCompiler } from '../../../../src/actors/kernel/condition.js';

const compile = createConditionCompiler('event', { id: 'string', tags: 'list<string>', n: 'double', payload: 'map' });
const matches = (text: string, values: object): boolean => {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.detail);
  return compiled.condition.matches({ id: 'a', tags: [], n: 0, payload: {}, ...values });
};
const refusal = (text: string): string | undefined => {
  const compiled = compile(text);
  return compiled.ok ? undefined : compiled.detail;
};

describe('condition', () => {
  test.each([
    ['event.id.startsWith("pump") && "x" in event.tags', { id: 'pump-1', tags: ['x'] }, true],
    ['event.n > 3', { n: 6 }, true],
    ['event.n == 6.0', { n: 6 }, true],
    ['event.payload.values.temperature > 30.0', { payload: { values: { temperature: 31 } } }, true],
    ['event.payload.values.temperature > 30.0', { payload: {} }, false],
    ['event.payload.values.temperature > 30.0', { payload: { values: { temperature: 'hot' } } }, false],
    ['event.tags.exists(t, t == "x")', { tags: ['y', 'x'] }, true],
  ])('%s', (text, values, expected) => {
    expect(matches(text, values)).toBe(expected);
  });

  test('a name that does not exist is refused with the nearest one', () => {
    expect(refusal('event.tag == "x"')).toBe('There is no event.tag; did you mean event.tags? (column 7)');
    expect(refusal('tags == "x"')).toBe('There is no tags; did you mean event.tags? (column 1)');
    expect(refusal('evnt.id == "x"')).toBe('There is no evnt; did you mean event? (column 1)');
    expect(refusal('event.id + 1')).toBeDefined();
    expect(refusal('event.n')).toBe('A condition is true or false.');
    expect(refusal('event.id ==')).toBeDefined();
  });

  test.each([
    'event.id.matches("^(a+)+$")',
    '"a".matches(event.id)',
    '!(event.id.matches("a"))',
    'event.tags.exists(t, t.matches("a"))',
    '[event.id.matches("a")][0]',
    '{"k": event.id.matches("a")}["k"]',
    'event.id == "a" ? true : event.id.matches("a")',
    'event.id.split("") == event.tags',
    'event.tags.join() == "x"',
  ])('SEC-102 %s is refused when it is saved', (text) => {
    expect(refusal(text)).toMatch(/^The function \w+ may not be used\.$/);
  });

  test.each([
    'event.id.constructor == "x"',
    'event.id.constructor.constructor("return process")() == 1',
    'event.payload.__proto__.polluted == true',
    'event.payload["\\u005f_proto__"].x == 1',
    'event.payload.__lookupGetter__("x") == 1',
    'event.payload.valueOf() == 1',
    'event.payload.constructor == event.payload',
    'process.exit(1) == 1',
    'globalThis == event.payload',
  ])('SEC-101 %s is refused or false, never code', (text) => {
    const compiled = compile(text);
    const result = compiled.ok && compiled.condition.matches({ id: 'a', tags: [], n: 0, payload: { x: 1 } });
    expect(result).toBe(false);
  });

  test.each([
    ['a macro in a macro', 'event.tags.exists(a, event.tags.exists(b, a == b))'],
    ['+ in a macro', 'event.tags.exists(a, a + a == "xx")'],
    ['+ in the receiver of a macro', '(event.tags + event.tags).exists(a, a == "x")'],
    ['4,097 characters', `event.id == "${'x'.repeat(4_090)}"`],
    ['101 nodes', Array.from({ length: 60 }, () => 'event.n > 1.0').join(' || ')],
    ['21 levels', `${'('.repeat(30)}${'!'.repeat(30)}true${')'.repeat(30)}`],
  ])('SEC-103 %s is refused before it runs', (_what, text) => {
    expect(compile(text).ok).toBe(false);
  });

  test('SEC-103 a value with a long list or text does not match', () => {
    expect(matches('event.tags.exists(t, t == "x")', { tags: ['x', ...Array.from({ length: 100 }, () => 'y')] })).toBe(
      false,
    );
    expect(matches('event.id.contains("x")', { id: 'x'.repeat(1_025) })).toBe(false);
    expect(matches('event.id.contains("x")', { id: 'x'.repeat(1_024) })).toBe(true);
  });
});
