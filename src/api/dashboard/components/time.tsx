import { preferences } from '../data/preferences.js';
import { absolute, relative } from '../format/times.js';
import { now } from '../data/clock.js';

/** A moment, as one speaks of it; the whole of it in the tooltip. */
export function Time({ at }: { readonly at: string | number }) {
  const time = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(time).toISOString()} title={absolute(time, preferences.value.zone)} class="nowrap">
      {relative(time, now.value)}
    </time>
  );
}
