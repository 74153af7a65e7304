import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { patchProfile, PROFILE_LIMITS, readProfile } from '../../../../src/actors/device/profile.js';
import { profile } from './device-facts.js';

const attributesAfter = (target: Record<string, unknown>, patch: unknown): unknown => {
  const result = patchProfile({ ...profile, attributes: target }, { attributes: patch });
  return result.ok ? result.profile.attributes : result.rejection;
};
const pointerOf = (input: Record<string, unknown>): string | undefined => {
  const result = readProfile(input);
  return result.ok ? undefined : result.rejection.pointer;
};
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

describe('the merge patch', () => {
  // RFC 7396, appendix A, as far as both sides are objects.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('RFC 7396: %j patched by %j is %j', (target, patch, expected) => {
    expect(attributesAfter(target, patch)).toEqual(expected);
  });

  test('removing a member with a default brings the default back', () => {
    const result = patchProfile(
      { ...profile, name: 'x', tags: ['a'], gateway: true },
      { name: null, tags: null, gateway: null },
    );
    expect(result).toEqual({ ok: true, profile });
  });

  test('a member called __proto__ stays a member and changes no prototype', () => {
    const patch = JSON.parse(
      '{"attributes":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
    ) as object;
    const result = patchProfile(profile, patch as Record<string, unknown>);
    expect(result.ok && JSON.stringify(result.profile.attributes)).toBe(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(result.ok && Object.getPrototypeOf(result.profile.attributes)).toBe(Object.prototype);
    expect(readProfile(JSON.parse('{"__proto__":1}') as Record<string, unknown>).ok).toBe(false);
  });

  test('any JSON is either refused or gives a profile that is accepted again unchanged', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('name', 'tags', 'attributes', 'gateway', 'heartbeat', 'x'), fc.jsonValue()),
        (patch) => {
          const result = patchProfile(profile, patch);
          if (result.ok) expect(readProfile({ ...result.profile })).toEqual(result);
          else expect(result.rejection.code).toBe('PAYLOAD_INVALID');
        },
      ),
    );
  });
});

describe('the check', () => {
  test('an unknown member is refused with the nearest name', () => {
    const result = readProfile({ nam: 'x' });
    expect(result.ok ? '' : result.rejection).toMatchObject({
      pointer: '/nam',
      detail: expect.stringContaining('"name"'),
    });
    expect(pointerOf({ 'a/b~c': 1 })).toBe('/a~1b~0c');
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['an empty name', { name: '' }, '/name'],
    ['a control character', { name: 'a\u0007' }, '/name'],
    ['a lone surrogate', { type: 'a\ud800' }, '/type'],
    ['tags that are no list', { tags: 'a' }, '/tags'],
    ['a tag twice', { tags: ['a', 'b', 'a'] }, '/tags/2'],
    ['a tag that is no text', { tags: ['a', 1] }, '/tags/1'],
    ['a gateway with a slash', { via: ['a/b'] }, '/via/0'],
    ['a group called ..', { groups: ['..'] }, '/groups/0'],
    ['gateway as a text', { gateway: 'yes' }, '/gateway'],
    ['attributes as a list', { attributes: [] }, '/attributes'],
    ['a heartbeat without grace', { heartbeat: { interval: 60 } }, '/heartbeat/grace'],
    ['a heartbeat of no interval', { heartbeat: { interval: 0, grace: 1 } }, '/heartbeat/interval'],
    ['a heartbeat with more', { heartbeat: { interval: 60, grace: 1, x: 1 } }, '/heartbeat/x'],
  ])('%s is refused and pointed at', (_name, input, pointer) => {
    expect(pointerOf(input)).toBe(pointer);
  });

  const { textLength, tags, via, attributesDepth, attributesBytes } = PROFILE_LIMITS;
  const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
  const ofBytes = (bytes: number): object => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
  test.each<[string, (size: number) => Record<string, unknown>, number, string]>([
    ['length of a name', (size) => ({ name: 'x'.repeat(size) }), textLength, '/name'],
    ['number of tags', (size) => ({ tags: names(size) }), tags, '/tags'],
    ['number of gateways', (size) => ({ via: names(size) }), via, '/via'],
    ['depth of attributes', (size) => ({ attributes: nested(size) }), attributesDepth, '/attributes'],
    ['size of attributes', (size) => ({ attributes: ofBytes(size) }), attributesBytes, '/attributes'],
  ])('the %s is bounded: what is at the bound passes, one more does not', (_name, make, limit, pointer) => {
    expect(pointerOf(make(limit - 1))).toBeUndefined();
    expect(pointerOf(make(limit))).toBeUndefined();
    expect(pointerOf(make(limit + 1))).toBe(pointer);
  });

  test('a patch of any depth is refused before it is merged', () => {
    expect(patchProfile(profile, { attributes: nested(50_000 / 10) }).ok).toBe(false);
  });
});
