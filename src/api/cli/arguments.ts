import { InvalidArgumentError } from 'commander';

/** Readers of arguments for commander: what they refuse ends the command as wrong usage. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('A whole number of 1 or more is wanted.');
  }
  return value;
}

export function seedNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('A whole number is wanted.');
  return Number(text);
}

/** Of lists: which members of their rows are wanted. */
export const FIELDS = ['--fields <names>', 'these members alone, with commas between them'] as const;

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

const RATE = /^(\d+(?:\.\d+)?)\/(s|min|h)$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** `1/s`, `30/min`: messages of one device. @returns messages per second */
export function rate(text: string): number {
  const [, amount, unit = 's'] = RATE.exec(text) ?? [];
  const perSecond = Number(amount) / (UNIT_SECONDS[unit] ?? NaN);
  if (!(perSecond > 0)) throw new InvalidArgumentError('As in 1/s, 10/s or 30/min.');
  return perSecond;
}

const DURATION = /^(\d+(?:\.\d+)?)(s|m|min|h|d)$/;

/** `30s`, `10m`, `2h`, `7d`. @returns ms */
export function duration(text: string): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? [];
  const length = Number(amount) * (UNIT_SECONDS[unit] ?? NaN) * 1_000;
  if (!(length > 0)) throw new InvalidArgumentError('As in 30s, 10m, 2h or 7d.');
  return length;
}

/** How long ago, or a time. @returns RFC 3339, UTC */
export function since(text: string): string {
  return DURATION.test(text) ? new Date(Date.now() - duration(text)).toISOString() : time(text);
}

/** A sequence, or a time in ISO 8601. @returns as the server reads it */
export function sequenceOrTime(text: string): string {
  return /^\d{1,15}$/.test(text) ? text : time(text);
}

/** @returns RFC 3339, UTC */
export function time(text: string): string {
  const parsed = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(parsed)) {
    throw new InvalidArgumentError('A time is wanted, as in 2026-01-31T12:00:00Z.');
  }
  return new Date(parsed).toISOString();
}

const POSITIONS = /^\d+:\d+(?:,\d+:\d+)*$/;

/** `shard:position,…` */
export function positions(text: string): string {
  if (!POSITIONS.test(text)) throw new InvalidArgumentError('As in 0:4711,1:12.');
  return text;
}
