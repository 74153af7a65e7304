import { isDeepStrictEqual } from 'node:util';
import { isIdentifier } from '../kernel/identifier.js';
import { escapePointer } from '../kernel/json.js';
import { nearestName } from '../kernel/nearest-name.js';
import type { Rejection } from '../kernel/ports/entities.js';
import type { DeviceProfile } from './events.js';

/** Bounds of a registry entry (`docs/reference/limits.md`). A value at a bound passes. */
export const PROFILE_LIMITS = {
  /** UTF-16 units of `type`, `name` and each tag. */
  textLength: 128,
  tags: 64,
  groups: 64,
  via: 16,
  /** Of all attributes as JSON. */
  attributesBytes: 16 * 1024,
  /** Objects and arrays inside each other; `{"a":1}` has depth 1. */
  attributesDepth: 8,
  /** Seconds. */
  heartbeatSeconds: 7 * 24 * 3600,
} as const;

/** Members of a registry entry. `id` and `enabled` are not part of the profile. */
const MEMBERS = ['type', 'name', 'attributes', 'tags', 'groups', 'via', 'gateway', 'heartbeat'] as const;

/** Control characters and lone surrogates: no text column and no log line could hold them. */
const FORBIDDEN_TEXT = /[\p{Cc}\p{Cs}]/u;

type JsonObject = Readonly<Record<string, unknown>>;

export type ProfileReading =
  { readonly ok: true; readonly profile: DeviceProfile } | { readonly ok: false; readonly rejection: Rejection };

/** Thrown inside of this file alone, from where the fault is found. */
class ProfileFault extends Error {
  constructor(
    readonly pointer: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** Checks a whole profile, as users write it; absent members get their defaults. */
export function readProfile(input: JsonObject): ProfileReading {
  return reading(() => checkProfile(input));
}

/** Applies an RFC 7396 merge patch and checks what comes out, as it would be stored. */
export function patchProfile(profile: DeviceProfile, patch: JsonObject): ProfileReading {
  return reading(() => {
    // Before the merge recurses into it; the attributes are one level down.
    if (isDeeperThan(patch, PROFILE_LIMITS.attributesDepth + 1))
      throw new ProfileFault('', 'The patch is nested too deep.');
    return checkProfile(mergePatch({ ...profile }, patch) as JsonObject);
  });
}

/** Whether two profiles say the same; the order of members does not matter. */
export function isSameProfile(left: DeviceProfile, right: DeviceProfile): boolean {
  return isDeepStrictEqual(left, right);
}

function reading(check: () => DeviceProfile): ProfileReading {
  try {
    return { ok: true, profile: check() };
  } catch (error) {
    if (!(error instanceof ProfileFault)) throw error;
    return { ok: false, rejection: { code: 'PAYLOAD_INVALID', detail: error.message, pointer: error.pointer } };
  }
}

function checkProfile(input: JsonObject): DeviceProfile {
  for (const name of Object.keys(input)) {
    if ((MEMBERS as readonly string[]).includes(name)) continue;
    const near = nearestName(name, MEMBERS);
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new ProfileFault(`/${escapePointer(name)}`, `A device has no such member${hint}`);
  }
  const { type, name, heartbeat, attributes = {}, tags = [], groups = [], via = [], gateway = false } = input;
  if (typeof gateway !== 'boolean') throw new ProfileFault('/gateway', '"gateway" is true or false.');
  return {
    ...(type !== undefined && { type: checkText(type, '/type') }),
    ...(name !== undefined && { name: checkText(name, '/name') }),
    attributes: checkAttributes(attributes),
    tags: checkList(tags, '/tags', PROFILE_LIMITS.tags, checkText),
    groups: checkList(groups, '/groups', PROFILE_LIMITS.groups, checkIdentifier),
    via: checkList(via, '/via', PROFILE_LIMITS.via, checkIdentifier),
    gateway,
    ...(heartbeat !== undefined && { heartbeat: checkHeartbeat(heartbeat) }),
  };
}

function checkText(value: unknown, pointer: string): string {
  const fits = typeof value === 'string' && value.length > 0 && value.length <= PROFILE_LIMITS.textLength;
  if (!fits || FORBIDDEN_TEXT.test(value)) {
    throw new ProfileFault(
      pointer,
      `A text of 1 to ${PROFILE_LIMITS.textLength} characters without control characters.`,
    );
  }
  return value;
}

function checkIdentifier(value: unknown, pointer: string): string {
  if (!isIdentifier(value)) throw new ProfileFault(pointer, 'An id is 1 to 128 of the characters A-Z a-z 0-9 _ . : -');
  return value;
}

function checkList(
  value: unknown,
  pointer: string,
  limit: number,
  check: (item: unknown, pointer: string) => string,
): readonly string[] {
  if (!Array.isArray(value)) throw new ProfileFault(pointer, 'A list of texts.');
  if (value.length > limit) throw new ProfileFault(pointer, `A list of at most ${limit}.`);
  const items = value.map((item, index) => check(item, `${pointer}/${index}`));
  const repeated = items.findIndex((item, index) => items.indexOf(item) !== index);
  if (repeated >= 0) throw new ProfileFault(`${pointer}/${repeated}`, 'The list names this twice.');
  return items;
}

function checkAttributes(value: unknown): JsonObject {
  if (!isObject(value)) throw new ProfileFault('/attributes', '"attributes" is an object.');
  const { attributesDepth, attributesBytes } = PROFILE_LIMITS;
  if (isDeeperThan(value, attributesDepth)) {
    throw new ProfileFault('/attributes', `Attributes are nested at most ${attributesDepth} deep.`);
  }
  if (Buffer.byteLength(JSON.stringify(value)) > attributesBytes) {
    throw new ProfileFault('/attributes', `Attributes take at most ${attributesBytes} bytes as JSON.`);
  }
  return value;
}

function checkHeartbeat(value: unknown): { readonly interval: number; readonly grace: number } {
  if (!isObject(value)) throw new ProfileFault('/heartbeat', '"heartbeat" is an object with "interval" and "grace".');
  const { interval, grace, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new ProfileFault(`/heartbeat/${escapePointer(unknown)}`, 'A heartbeat has no such member.');
  return {
    interval: checkSeconds(interval, 1, '/heartbeat/interval'),
    grace: checkSeconds(grace, 0, '/heartbeat/grace'),
  };
}

function checkSeconds(value: unknown, least: number, pointer: string): number {
  if (typeof value !== 'number' || !(value >= least && value <= PROFILE_LIMITS.heartbeatSeconds)) {
    throw new ProfileFault(pointer, `Seconds, from ${least} to ${PROFILE_LIMITS.heartbeatSeconds}.`);
  }
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Looks no further than one level beyond the limit. */
function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, limit - 1));
}

/**
 * RFC 7396 §2, on own members: `null` removes, an object is merged, all else replaces. `Object.fromEntries` defines members
 * instead of assigning them, so that one called `__proto__` stays a member.
 */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
