import type { Trend } from './trend.js';

const SHAPES: Readonly<Record<Trend, string>> = { stable: '─', 'catching up': '↘', 'falling behind': '↗' };

export function TrendWord({ trend }: { readonly trend: Trend }) {
  return (
    <span class={trend === 'falling behind' ? 'warn nowrap' : 'quiet nowrap'}>
      <span aria-hidden="true">{SHAPES[trend]} </span>
      {trend}
    </span>
  );
}
