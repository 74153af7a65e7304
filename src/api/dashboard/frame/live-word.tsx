import { now } from '../data/clock.js';
import { liveState, type LiveState } from '../data/live.js';
import { grouped } from '../format/numbers.js';

const SHAPES: Readonly<Record<string, string>> = {
  live: '●',
  connecting: '◌',
  reconnecting: '◌',
  behind: '◐',
  paused: '❙❙',
};

/** A device that sends faster than four times a second for a moment is no reason to worry anybody. */
const FEW_SKIPPED = 100;

/** How fresh the page is, in one word. */
export function LiveWord() {
  const state = liveState.value;
  if (state.state === 'off') return <div class="live-word" role="status" />;
  const { name, word, count, title } = describe(state);
  return (
    <div class="live-word" data-state={name} role="status" title={title}>
      <span class="live-shape" aria-hidden="true">
        {SHAPES[name]}
      </span>
      <span class="live-text">
        {word}
        {/* Seen and not read aloud: it changes every second. */}
        {count !== undefined && <span aria-hidden="true"> {count}</span>}
      </span>
    </div>
  );
}

interface LiveDescription {
  readonly name: string;
  readonly word: string;
  readonly count?: string;
  readonly title: string;
}

function describe(state: Exclude<LiveState, { state: 'off' }>): LiveDescription {
  switch (state.state) {
    case 'live':
      return describeLive(state.skipped);
    case 'connecting':
      return { name: 'connecting', word: 'connecting', title: 'The event stream is being opened.' };
    case 'reconnecting': {
      const seconds = Math.max(0, Math.ceil((state.at - now.value) / 1000));
      return {
        name: 'reconnecting',
        word: 'reconnecting',
        count: `(${seconds} s)`,
        title: 'The page goes on from the last event that it has; none is missed.',
      };
    }
    case 'paused':
      return { name: 'paused', word: 'paused', title: 'Press p to go on from the last event shown.' };
  }
}

function describeLive(skipped: number): LiveDescription {
  if (skipped === 0) return { name: 'live', word: 'live', title: 'Events are shown as they are journaled.' };
  const title = `${grouped(skipped)} events skipped in this view, none lost in the journal.`;
  if (skipped < FEW_SKIPPED) return { name: 'live', word: 'live', title };
  return { name: 'behind', word: 'behind', count: `(${grouped(skipped)} skipped)`, title };
}
