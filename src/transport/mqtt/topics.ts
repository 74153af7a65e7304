import { isIdentifier } from '../../actors/kernel/identifier.js';

const MAX_BYTES = 256;
const MAX_LEVELS = 8;

/**
 * Controls, invisible format characters (U+FEFF, bidi overrides) and U+FFFD: aedes decodes each broken byte to U+FFFD, so two
 * names that differ on the wire would be one (A6).
 */
const FORBIDDEN = /[\p{Cc}\p{Cf}\u{FFFD}]/u;

/** Whether a client id, user name or other text of a packet may be used: not longer than `maxBytes`, no forbidden character. */
export function isWellFormedText(text: string, maxBytes: number): boolean {
  return fitsBytes(text, maxBytes) && text.isWellFormed() && !FORBIDDEN.test(text);
}

/** Whether a topic name of a PUBLISH or will fits the grammar: 1 to 256 bytes, at most 8 levels, no wildcard. */
export function isWellFormedTopic(topic: string): boolean {
  return isWellFormedName(topic) && !topic.includes('+') && !topic.includes('#');
}

/** Whether a filter fits the grammar: as a topic, `+` as a whole level, `#` as the whole last level (MQTT 3.1.1 §4.7.1; A18). */
export function isWellFormedFilter(filter: string): boolean {
  if (!isWellFormedName(filter)) return false;
  const levels = filter.split('/');
  return levels.every(
    (level, index) =>
      level === '+' || (level === '#' && index === levels.length - 1) || (!level.includes('+') && !level.includes('#')),
  );
}

function isWellFormedName(name: string): boolean {
  return name.length > 0 && isWellFormedText(name, MAX_BYTES) && countLevels(name) <= MAX_LEVELS;
}

function fitsBytes(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return false; // before the count, which reads up to 64 KiB of a hostile topic
  return text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
}

function countLevels(name: string): number {
  let levels = 1;
  for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) levels++;
  return levels;
}

/** A topic on which a device speaks to the platform. */
export type UplinkTopic =
  | { readonly kind: 'telemetry'; readonly device: string }
  | { readonly kind: 'event'; readonly device: string; readonly name: string };

/** Reads a topic; `undefined` = nothing that a device publishes on. The ids in it are checked identifiers. */
export function parseUplinkTopic(topic: string): UplinkTopic | undefined {
  if (!topic.startsWith('devices/')) return undefined;
  const [, device, leaf, name, ...rest] = topic.split('/', 5);
  if (!isIdentifier(device) || rest.length > 0) return undefined;
  if (leaf === 'telemetry' && name === undefined) return { kind: 'telemetry', device };
  if (leaf === 'events' && isIdentifier(name)) return { kind: 'event', device, name };
  return undefined;
}

/** What every topic of a device begins with. */
export function deviceTopicPrefix(device: string): string {
  return `devices/${device}/`;
}

/** Where the platform tells a device which of its messages it refused. */
export function errorsTopic(device: string): string {
  return `devices/${device}/errors`;
}

/** Topic or filter as the broker's stores hold it, apart from those of other tenants (SEC-134). */
export function internalTopic(tenant: string, topic: string): string {
  return `${tenant}/${topic}`;
}

/** Topic as on the wire of this tenant's devices; `undefined` = it belongs to another tenant. */
export function externalTopic(tenant: string, internal: string): string | undefined {
  return internal.startsWith(`${tenant}/`) ? internal.slice(tenant.length + 1) : undefined;
}
