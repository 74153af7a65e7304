import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const css = readFileSync(join(import.meta.dirname, '../../../src/api/dashboard/styles/tokens.css'), 'utf8');

/** The colours of one theme: those of the root, and what the dark theme says instead. */
function colorsOf(theme: 'light' | 'dark'): Readonly<Record<string, string>> {
  const blocks = [...css.matchAll(/^(:root[^{]*)\{([^}]*)\}/gm)];
  const read = (body = ''): [string, string][] =>
    [...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, color]) => [name!, color!]);
  const light = read(blocks.find(([, selector]) => selector!.trim() === ':root')?.[2]);
  const dark = read(blocks.find(([, selector]) => selector!.includes("'dark'"))?.[2]);
  return Object.fromEntries(theme === 'light' ? light : [...light, ...dark]);
}

/** WCAG 2.2, relative luminance. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ['canvas', 'surface', 'sunken'];
const TEXTS = ['text', 'text-2', 'text-3', 'accent', 'good', 'warn', 'bad'];
const SERIES = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6'];

describe.each(['light', 'dark'] as const)('colours of the %s theme', (theme) => {
  const colors = colorsOf(theme);
  const ratio = (one: string, other: string): number => contrast(colors[one] ?? '', colors[other] ?? '');

  test.each(TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground])))('%s reads on %s', (text, ground) => {
    expect(ratio(text, ground)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(GROUNDS)('borders of controls are seen on %s', (ground) => {
    expect(ratio('line-strong', ground)).toBeGreaterThanOrEqual(3);
  });

  test.each(SERIES)('%s is seen on a sheet', (series) => {
    expect(ratio(series, 'surface')).toBeGreaterThanOrEqual(4.5);
  });

  test('text reads on the accent, on its soft ground, and on the ground of the past', () => {
    expect(ratio('on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
    expect(ratio('accent', 'accent-soft')).toBeGreaterThanOrEqual(4.5);
    expect(ratio('text', 'past')).toBeGreaterThanOrEqual(4.5);
  });
});
